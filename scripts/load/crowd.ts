import { TextLineStream } from "./lines.ts";
import { type Command, joinReports, type Report } from "./types.ts";

export interface CrowdOptions {
  readonly token: string;
  readonly processes: number;
  /** Keeps them to these cores. @default none in particular */
  readonly cores?: string;
}

/** Passive clients in a few processes, all told what to do at once. Ends with its scope. */
export class Crowd implements AsyncDisposable {
  readonly #members: readonly CrowdProcess[];
  readonly #dir: string;

  private constructor(members: readonly CrowdProcess[], dir: string) {
    this.#members = members;
    this.#dir = dir;
  }

  static async start({ token, processes, cores }: CrowdOptions): Promise<Crowd> {
    const dir = await Deno.makeTempDir({ prefix: "mesh-load-" });
    const members = Array.from(
      { length: processes },
      (_, index) => new CrowdProcess(`${dir}/${index}`, token, cores),
    );
    return new Crowd(members, dir);
  }

  join(count: number): Promise<Report> {
    return this.#all((share) => ({ kind: "join", count: share(count) }));
  }

  /** Closes the connections of so many clients. */
  leave(count: number): Promise<Report> {
    return this.#all((share) => ({ kind: "leave", count: share(count) }));
  }

  each(use: "refresh" | "ask", atOnce: number): Promise<Report> {
    return this.#all((share) => ({ kind: "each", use, atOnce: share(atOnce) }));
  }

  /** So many questions at random moments of a time. */
  ask(ms: number, count: number): Promise<Report> {
    return this.#all((share) => ({ kind: "ask", ms, count: share(count) }));
  }

  /** The refreshes of clients in a time because they are in use. */
  watch(ms: number): Promise<Report> {
    return this.#all(() => ({ kind: "watch", ms }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member.end()));
    await Deno.remove(this.#dir, { recursive: true });
  }

  async #all(commandOf: (share: (count: number) => number) => Command): Promise<Report> {
    const reports = await Promise.all(this.#members.map((member, index) => {
      const parts = this.#members.length;
      // The first ones take what does not divide.
      return member.tell(commandOf((count) => Math.floor((count + parts - 1 - index) / parts)));
    }));
    return joinReports(reports);
  }
}

class CrowdProcess {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  constructor(dir: string, token: string, cores: string | undefined) {
    const script = new URL("crowd_process.ts", import.meta.url).pathname;
    const program = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", script, dir, token];
    const [command, ...args] = cores === undefined ? program : ["taskset", "-c", cores, ...program];
    this.#child = new Deno.Command(command as string, {
      args,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  async tell(command: Command): Promise<Report> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    const { value, done } = await this.#lines.read();
    if (done) throw new Error("A process of clients ended early");
    return JSON.parse(value);
  }

  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#lines.cancel();
    await this.#child.status;
  }
}
