import { getLogger } from "@logtape/logtape";
import {
  createSupervisor,
  type Engine,
  type LlamaServerSpec,
  machineThreads,
  type ManagedServer,
  type ServerState,
} from "../../src/engine/mod.ts";
import { tempDir } from "./temp_dir.ts";

export const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url).pathname;

/** The guide, alone. */
export const solo: LlamaServerSpec = {
  kind: "llama-server",
  modelPath: GUIDE,
  modelName: "guide",
  contextLength: null,
  split: [],
};

/** A supervisor with a data directory; both are gone at the end of the test. */
export async function supervising(engine: Engine) {
  const dir = await tempDir();
  // The shortest backoff there is: half of it is taken off.
  const supervisor = createSupervisor({
    engine,
    threads: await machineThreads(),
    dataDir: dir.path,
    logger: getLogger("test"),
    random: () => 0.999,
  });
  return {
    supervisor,
    dataDir: dir.path,
    async [Symbol.asyncDispose]() {
      await supervisor.stop();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** Resolves with the first state of that kind, the present one included. */
export function stateOf<Kind extends ServerState["kind"]>(server: ManagedServer, kind: Kind) {
  type Found = Extract<ServerState, { kind: Kind }>;
  const { promise, resolve } = Promise.withResolvers<Found>();
  const look = (state: ServerState) => state.kind === kind && resolve(state as Found);
  const unsubscribe = server.subscribe(look);
  look(server.state);
  return promise.finally(unsubscribe);
}

export function request(server: ManagedServer, port: number, body: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The answer, once the server is ready. */
export async function ask(server: ManagedServer, question: string): Promise<string> {
  const messages = [{ role: "user", content: question }];
  const response = await request(server, await server.ready(), { messages, temperature: 0 });
  return (await response.json()).choices[0].message.content;
}
