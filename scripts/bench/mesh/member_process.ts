import { fromRoot } from "../../run.ts";
import type { Told } from "./member.ts";

/** As long as a crowded machine may need to start twenty processes. */
const PATIENCE_MS = 120_000;

/** A member in a process of its own, and what it has told so far. */
export class MemberProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #told: Told[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(dataDir: string, token: string | null) {
    const script = fromRoot("scripts/bench/mesh/member.ts");
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", script, dataDir, token ?? "-"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    void this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  want(name: string): Promise<void> {
    return this.#input.write(new TextEncoder().encode(`${name}\n`));
  }

  /** The first thing told for which it holds. @throws after two minutes. */
  async told<T extends Told>(holds: (told: Told) => told is T): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("A member said nothing")), PATIENCE_MS);
    try {
      for (;;) {
        const found = this.#told.find(holds);
        if (found !== undefined) return found;
        await Promise.race([this.#wake.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    this.#input.close().catch(() => undefined);
    await this.#child.status;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#told.push(...lines.map((line) => JSON.parse(line) as Told));
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
  }
}
