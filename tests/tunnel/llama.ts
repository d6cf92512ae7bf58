import { getLogger } from "@logtape/logtape";
import {
  createSupervisor,
  type Engine,
  machineThreads,
  type ManagedServer,
  type SplitMember,
  type Supervisor,
  type Threads,
} from "../../src/engine/mod.ts";
import type { HttpTarget } from "../../src/tunnel/mod.ts";
import { removeFolder } from "../support/remove_folder.ts";

export const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url).pathname;

/** Real llama.cpp servers of one test; all are gone at its end. */
export class Llama implements AsyncDisposable {
  readonly #supervisor: Supervisor;
  readonly #dataDir: string;

  static async prepare(engine: Engine): Promise<Llama> {
    return new Llama(
      engine,
      await machineThreads(),
      await Deno.makeTempDir({ prefix: "mesh-llm-tunnel-" }),
    );
  }

  private constructor(engine: Engine, threads: Threads, dataDir: string) {
    this.#supervisor = createSupervisor({ engine, threads, dataDir, logger: getLogger("test") });
    this.#dataDir = dataDir;
  }

  llamaServer(
    modelPath: string,
    split: readonly SplitMember[] = [],
    args: readonly string[] = [],
  ): ManagedServer {
    return this.#supervisor.launch({
      kind: "llama-server",
      modelPath,
      modelName: "guide",
      contextLength: null,
      split,
      args,
    }, { restart: false });
  }

  /** Everything that a llama-server has printed. */
  log(): Promise<string> {
    return Deno.readTextFile(`${this.#dataDir}/logs/llama-server.log`);
  }

  /** @param restart as a worker's is: a client that goes while it is answered ends it by SIGPIPE. */
  rpcServer(restart = false): ManagedServer {
    return this.#supervisor.launch({ kind: "rpc-server", modelPath: null }, { restart });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervisor.stop();
    await removeFolder(this.#dataDir);
  }
}

/** The address of a llama-server, once it answers. */
export async function targetOf(server: ManagedServer): Promise<HttpTarget> {
  return { baseUrl: `http://127.0.0.1:${await server.ready()}`, apiKey: server.apiKey };
}

/** A chat request's body, answered to the letter at temperature 0. */
export function question(content: string, options: object = {}): string {
  return JSON.stringify({ messages: [{ role: "user", content }], temperature: 0, ...options });
}

/** The text of a whole answer, streamed or not. */
export async function answerText(response: Response): Promise<string> {
  const text = await response.text();
  if (!response.headers.get("content-type")?.includes("event-stream")) {
    return JSON.parse(text).choices[0].message.content;
  }
  const events = text.split("\n\n").filter((event) => event.startsWith("data: {"));
  return events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta.content ?? "").join("");
}
