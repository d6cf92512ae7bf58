import { getLogger } from "@logtape/logtape";
import { createGateway } from "../../src/api/mod.ts";
import { MESH_DEFAULTS } from "../../src/mesh/config.ts";
import { type Mesh, startMesh } from "../../src/mesh/mod.ts";
import { Gateway } from "../../src/node/ends/gateway.ts";
import { HTTP_PROTOCOL, opener } from "../../src/node/ends/protocols.ts";

const logger = getLogger("load");

/** A client's gateway over its mesh, as in the program; only its HTTP port is left out. */
class ClientGateway extends Gateway {
  requestLoad(): Promise<boolean> {
    return Promise.resolve(false);
  }

  constructor(mesh: Mesh) {
    super({
      mesh,
      openHttp: opener(mesh, HTTP_PROTOCOL, { optimistic: true }),
      askLocal: () => null,
      ownModel: () => null,
      record: () => {},
    });
  }

  freshen(): Promise<void> {
    return Promise.resolve();
  }
}

/** Somebody who joins a crowd waits for a minute, and not for ever. */
const JOIN_LIMIT_MS = 60_000;

/** A client asks again and again by itself until it has its first table. */
async function hasTable(mesh: Mesh): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = () => mesh.routes().nodes.length > 0 && resolve();
  const unsubscribe = mesh.subscribe(look);
  const late = () => reject(new Error(`Had no table after ${JOIN_LIMIT_MS / 1_000} s`));
  const timer = setTimeout(late, JOIN_LIMIT_MS);
  look();
  await promise.finally(() => {
    clearTimeout(timer);
    unsubscribe();
  });
}

/** One passive node of a load test. */
export class LoadClient {
  readonly #mesh: Mesh;
  readonly #app: ReturnType<typeof createGateway>;
  readonly #leaving = new AbortController();

  private constructor(mesh: Mesh) {
    this.#mesh = mesh;
    this.#app = createGateway(new ClientGateway(mesh), { keys: [], logger });
  }

  /** Returns once it has a table, however often it has to ask for it. */
  static async start(dataDir: string, token: string): Promise<LoadClient> {
    const mesh = await startMesh({
      dataDir,
      config: { ...MESH_DEFAULTS, lan: false, join: token },
      role: "client",
      name: "load",
      version: "0.1.0",
      logger,
    });
    try {
      await hasTable(mesh);
    } catch (error) {
      await mesh.stop();
      throw error;
    }
    return new LoadClient(mesh);
  }

  /** Milliseconds that a new table took. */
  async refresh(): Promise<number> {
    const startedAt = performance.now();
    await this.#mesh.refreshRoutes({ force: true });
    return performance.now() - startedAt;
  }

  /** Milliseconds to the first byte of an answer. @throws where it is not answered to its end. */
  async ask(question: string): Promise<number> {
    const startedAt = performance.now();
    const response = await this.#app.request("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "guide",
        messages: [{ role: "user", content: question }],
        max_tokens: 8,
        stream: true,
      }),
    });
    let firstByteMs: number | undefined;
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      firstByteMs ??= performance.now() - startedAt;
      text += chunk;
    }
    if (!response.ok || firstByteMs === undefined || !text.includes("[DONE]")) {
      throw new Error(`${response.status} ${text.slice(0, 200)}`);
    }
    return firstByteMs;
  }

  /** Aborts when it leaves. */
  get left(): AbortSignal {
    return this.#leaving.signal;
  }

  stop(): Promise<void> {
    this.#leaving.abort();
    return this.#mesh.stop();
  }
}
