import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import type { Engine, ManagedServer, SplitMember } from "../../../src/engine/mod.ts";
import { WeightLibrary } from "../../../src/models/mod.ts";
import { loadModel } from "../../../src/models/gguf/local_model.ts";
import { weightSource } from "../../../src/node/ends/weights.ts";
import {
  type PeerStream,
  RpcServerEnd,
  RpcTunnels,
  TunnelCounts,
} from "../../../src/tunnel/mod.ts";
import { Llama, targetOf } from "../llama.ts";
import { QuicPair } from "../quic_pair.ts";
import { removeFolder } from "../../support/remove_folder.ts";

const logger = getLogger("test");
export const SPLIT = { model: { name: "guide", fingerprint: "0f".repeat(32) }, term: 1 };
const never = new AbortController().signal;

export interface MeshedLoadOptions {
  readonly engine: Engine;
  readonly modelPath: string;
  /** Each worker's files, by worker. */
  readonly workers: readonly (readonly string[])[];
  /** Whether both ends understand the RPC wire; else every byte crosses as it is. @default {true} */
  readonly understood?: boolean;
  /** How many devices each worker's rpc-server shows; all of them are its CPU. @default {1} */
  readonly devices?: number;
  /** Connects the host to a worker. @default {by QUIC} */
  readonly connect?: () => Promise<StreamPair>;
}

/** The ways between a host and one of its workers. */
export interface StreamPair extends AsyncDisposable {
  open(): Promise<PeerStream>;
  /** Hands every stream that arrives at the worker to `handle`. */
  serve(handle: (stream: PeerStream) => Promise<void>): void;
}

/** A host and its workers with real llama.cpp, with the weights of each one's own disk. */
export class MeshedLoad implements AsyncDisposable {
  readonly stack = new AsyncDisposableStack();
  readonly counts = new TunnelCounts();
  readonly workerEnds: RpcServerEnd[] = [];
  readonly tunnels: RpcTunnels[] = [];
  readonly dirs: string[] = [];
  #llama!: Llama;
  #workers!: Llama;
  #deviceBytes: readonly number[] = [];
  #modelPath = "";
  #connect: () => Promise<StreamPair> = QuicPair.connect;

  static async start(
    { engine, modelPath, workers, understood = true, devices = 1, connect }: MeshedLoadOptions,
  ): Promise<MeshedLoad> {
    const load = new MeshedLoad();
    load.#connect = connect ?? load.#connect;
    load.#modelPath = modelPath;
    load.#llama = load.stack.use(await Llama.prepare(engine));
    load.#workers = load.stack.use(await Llama.prepare(withDevices(engine, devices)));
    load.#deviceBytes = Array(devices).fill(1);
    const host = await load.#library([modelPath]);
    const model = await loadModel(modelPath);
    const weights = weightSource(host, () => model);
    for (const files of workers) {
      await load.#addWorker(files, understood ? weights : undefined);
    }
    return load;
  }

  /** llama-server over all workers, once it answers. */
  async serve(args: readonly string[] = []): Promise<ManagedServer> {
    const server = this.launch(args);
    await server.ready();
    return server;
  }

  launch(args: readonly string[] = []): ManagedServer {
    const split = this.tunnels.map((tunnels, index): SplitMember => ({
      rpcPort: tunnels.ensure(`worker-${index}`),
      share: 1 / this.tunnels.length,
      deviceBytes: this.#deviceBytes,
    }));
    return this.#llama.llamaServer(this.#modelPath, split, args);
  }

  /** Everything that llama-server has printed. */
  log(): Promise<string> {
    return this.#llama.log();
  }

  sent(): number {
    return this.counts.snapshot().reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  }

  saved(): number {
    return this.counts.snapshot().reduce((sum, one) => sum + one.weightBytesSaved, 0);
  }

  moved(): number {
    return this.counts.snapshot().reduce((sum, { rpc }) => sum + (rpc?.tensorBytesMoved ?? 0), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }

  async #addWorker(
    files: readonly string[],
    weights: ReturnType<typeof weightSource> | undefined,
  ): Promise<void> {
    const pair = this.stack.use(await this.#connect());
    const open = this.counts.counting(() => pair.open(), "rpc");
    const tunnels = new RpcTunnels({
      open,
      split: SPLIT,
      mayPass: () => true,
      logger,
      ...(weights === undefined ? {} : { weights }),
      countsOf: (peer) => this.counts.rpcOf(peer),
    });
    this.stack.defer(() => tunnels.stop());
    this.tunnels.push(tunnels);
    const rpcServer = this.#workers.rpcServer(true);
    const library = await this.#library(files);
    const end = new RpcServerEnd({
      gate: { admit: async () => ({ port: await rpcServer.ready(), model: SPLIT.model }) },
      logger,
      ...(weights === undefined ? {} : { weights: weightSource(library, () => undefined) }),
    });
    this.workerEnds.push(end);
    pair.serve((stream) => end.handle(stream, "host"));
    await rpcServer.ready();
  }

  async #library(files: readonly string[]): Promise<WeightLibrary> {
    const dataDir = await Deno.makeTempDir({ prefix: "mesh-llm-real-load-" });
    this.dirs.push(dataDir);
    this.stack.defer(() => removeFolder(dataDir));
    const library = await WeightLibrary.open({ dataDir, logger });
    await library.index(await Promise.all(files.map((file) => loadModel(file))), never);
    return library;
  }

  /** Entries of a worker's store, whole and begun. */
  async stored(worker: number): Promise<string[]> {
    const folder = join(this.dirs[worker + 1]!, "weights/received");
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  }
}

/** llama.cpp takes the same device several times, and each is a device of its own to its clients. */
function withDevices(engine: Engine, count: number): Engine {
  if (count === 1) return engine;
  const device = { name: "CPU", description: "CPU", totalBytes: 1, freeBytes: 1 };
  return { ...engine, devices: Array(count).fill(device) };
}

/** The first tokens that a model says, by number. */
export async function tokensOf(server: ManagedServer, count = 24): Promise<number[]> {
  const { baseUrl, apiKey } = await targetOf(server);
  const headers = new Headers({ "content-type": "application/json" });
  if (apiKey !== null) headers.set("authorization", `Bearer ${apiKey}`);
  const body = JSON.stringify({
    prompt: "a mesh of machines",
    n_predict: count,
    temperature: 0,
    ignore_eos: true,
    return_tokens: true,
    cache_prompt: false,
  });
  const response = await fetch(`${baseUrl}/completion`, { method: "POST", headers, body });
  const answer = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer.tokens;
}
