import { getLogger } from "@logtape/logtape";
import { createGateway } from "../../src/api/mod.ts";
import { type Mesh, startMesh } from "../../src/mesh/mod.ts";
import { Gateway } from "../../src/node/gateway.ts";
import { HTTP_PROTOCOL, opener } from "../../src/node/protocols.ts";

const logger = getLogger("load");

/** A client's gateway over its mesh, as in the program; only its HTTP port is left out. */
class ClientGateway extends Gateway {
  summon(): Promise<boolean> {
    return Promise.resolve(false);
  }

  constructor(mesh: Mesh) {
    super({
      mesh,
      openHttp: opener(mesh, HTTP_PROTOCOL, { optimistic: true }),
      askLocal: () => null,
      ownModel: () => null,
      asked: () => {},
      record: () => {},
    });
  }

  freshen(): Promise<void> {
    return Promise.resolve();
  }
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

  /** Returns once it has a table. */
  static async start(dataDir: string, token: string): Promise<LoadClient> {
    const mesh = await startMesh({
      dataDir,
      token,
      leave: false,
      role: "client",
      bindPort: null,
      name: "load",
      version: "0.1.0",
      logger,
    });
    await mesh.refreshRoutes({ force: true });
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
