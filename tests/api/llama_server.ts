import { fileURLToPath } from "node:url";
import type { ForwardRequest } from "../../src/api/mod.ts";

const GUIDE = fileURLToPath(new URL("../../src/models/guide/guide.gguf", import.meta.url));

/** A llama-server with the guide, outside of any node. */
export class LlamaServer implements AsyncDisposable {
  readonly url: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: LogLines;

  private constructor(child: Deno.ChildProcess, lines: LogLines, port: string) {
    this.#child = child;
    this.#lines = lines;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(path: string, more: readonly string[] = []): Promise<LlamaServer> {
    const args = ["-m", GUIDE, "--host", "127.0.0.1", "--port", "0", "--parallel", "1", ...more];
    const command = new Deno.Command(path, { args, stdout: "null", stderr: "piped" });
    const child = command.spawn();
    const lines = new LogLines(child.stderr);
    const [, port] = await lines.match(/listening on http:\/\/[^ ]*:(\d+)/);
    return new LlamaServer(child, lines, port!);
  }

  /** Resolves once its log has a line like this. */
  async logged(pattern: RegExp): Promise<void> {
    await this.#lines.match(pattern);
  }

  /** The simplest thing that a node may do with a request. */
  async forward({ method, path, headers, body, signal }: ForwardRequest): Promise<Response> {
    return await fetch(this.url + path, { method, headers, body: body as BodyInit, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#lines.ended;
  }
}

/** Reads a log to its end, so that its writer never waits, and reports when a line appears. */
class LogLines {
  readonly ended: Promise<void>;
  #text = "";
  #searches: (() => void)[] = [];

  constructor(log: ReadableStream<Uint8Array>) {
    this.ended = this.#read(log);
  }

  /** @throws where the log ends without such a line. */
  async match(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
    const search = () => {
      const found = pattern.exec(this.#text);
      if (found !== null) resolve(found);
    };
    this.#searches.push(search);
    search();
    const found = await Promise.race([promise, this.ended]);
    if (!found) {
      throw new Error(`llama-server ended without ${pattern}: ${this.#text.slice(-2_000)}`);
    }
    return found;
  }

  async #read(log: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of log) {
      this.#text += decoder.decode(chunk, { stream: true });
      for (const search of this.#searches) search();
    }
  }
}
