import type {
  ManagedServer,
  PlacedModel,
  ServerSpec,
  ServerState,
  Supervisor,
} from "../../src/engine/mod.ts";
import type { DeviceBytes } from "../../src/node/plan/packing.ts";
import { soloBytes } from "./sim_memory.ts";
import type { SimNode } from "./sim_node.ts";
import { needOf } from "./sim_serving.ts";

/** How long children take: fast enough not to hide races, slow enough to make some. */
const RPC_START_MS = { least: 20, most: 300 } as const;
const LOAD_MS = { least: 200, most: 1_500 } as const;

/** A llama-server or rpc-server that is nothing but its state. */
export class SimServer implements ManagedServer {
  /** No other process has it: a node may run several servers. */
  readonly port: number;
  readonly apiKey = null;
  readonly progress = 0;
  readonly pid = null;
  readonly #listeners = new Set<(state: ServerState) => void>();
  #state: ServerState = { kind: "starting", attempt: 1 };
  readonly frozen = new AbortController().signal;
  /** Its process, and with that its memory. */
  readonly #gone = Promise.withResolvers<void>();
  #ended = false;

  constructor(readonly node: SimNode, readonly spec: ServerSpec) {
    const { random, tunnels } = node.world;
    this.port = tunnels.newPort(this);
    if (spec.kind === "rpc-server") {
      node.clock.after(random.between(RPC_START_MS.least, RPC_START_MS.most), () => this.#run());
    } else if (spec.split.length === 0) {
      this.take(soloBytes(spec, needOf(node, spec.modelName), node.memory));
      this.load();
    } else tunnels.connect(this);
  }

  /** It has this memory of its machine until it ends. */
  take(bytes: DeviceBytes): void {
    const { memory, name, world } = this.node;
    const problem = memory.take(this, bytes);
    const { kind, modelName } = this.spec;
    if (problem === undefined) return;
    const atMs = Math.round(world.time.now);
    world.violations.push(`${name} at ${atMs} ms: the ${kind} of ${modelName} makes it ${problem}`);
  }

  /** As llama-server tells it; of a split, its host's own share. */
  get placed(): PlacedModel | null {
    if (this.spec.kind === "rpc-server" || this.#state.kind !== "ready") return null;
    const bytes = Object.fromEntries(this.node.memory.heldBy(this));
    return { layers: 1, layersOnDevices: 1, bytes, bytesAtPorts: {} };
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Reads its model; a split does so once it is connected. */
  load(): void {
    const { world: { random }, clock } = this.node;
    clock.after(random.between(LOAD_MS.least, LOAD_MS.most), () => this.#run());
  }

  fail(reason: string): void {
    if (this.#ended) return;
    this.node.world.moves.reason();
    const cause = { text: reason, part: "worker" } as const;
    this.#become({ kind: "failed", exitCode: 1, cause, frozen: null, retryAtMs: null });
    this.#end();
  }

  subscribe(listener: (state: ServerState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ready(signal?: AbortSignal): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const look = () => {
      if (this.#state.kind === "ready") resolve(this.port);
      else if (this.#ended) reject(new Error("The server has ended"));
    };
    this.subscribe(look);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    look();
    return promise;
  }

  stop(): Promise<void> {
    if (!this.#ended) {
      this.#become({ kind: "stopped" });
      this.#end();
    }
    return this.#gone.promise;
  }

  #run(): void {
    if (!this.#ended) this.#become({ kind: "ready", port: this.port });
  }

  #end(): void {
    this.#ended = true;
    const { clock, memory, setup: { endMs = 0 }, world } = this.node;
    world.tunnels.serverEnded(this);
    const goes = () => {
      memory.release(this);
      this.#gone.resolve();
    };
    if (endMs === 0) goes();
    else clock.after(endMs, goes);
  }

  #become(state: ServerState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

export function simSupervisor(node: SimNode, servers: Set<SimServer>): Supervisor {
  return {
    restarts: new Map(),
    freezes: [],
    devices: [],
    lostDevices: [],
    launch: (spec) => {
      const server = new SimServer(node, spec);
      servers.add(server);
      return server;
    },
    stop: async () => {
      await Promise.all([...servers].map((server) => server.stop()));
    },
  };
}
