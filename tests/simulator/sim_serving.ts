import { SERVING_DEFAULTS } from "../../src/node/plan/config.ts";
import type { Engine, EngineDevice, OfferedMemory } from "../../src/engine/mod.ts";
import type { AnnouncementContent, Instance, MeshEvent, ModelRef } from "../../src/mesh/mod.ts";
import { type LocalModel, needBytes } from "../../src/models/mod.ts";
import { RequestQueues } from "../../src/node/ends/request_queues.ts";
import { DEMAND_CHECK_MS } from "../../src/node/plan/defaults.ts";
import { countUntilAborted } from "../../src/node/plan/demand.ts";
import { freeDevices } from "../../src/node/plan/ledger.ts";
import { modelToRequest } from "../../src/node/plan/load_requests.ts";
import { added, type DeviceBytes, toldBytes } from "../../src/node/plan/packing.ts";
import type { Offer } from "../../src/node/plan/pools.ts";
import { spareBytes } from "../../src/node/serving/spare_memory.ts";
import { idleJob, type Job, serverFor, splitPeers } from "../../src/node/serving/job.ts";
import { firstView } from "../../src/node/standby/first_view.ts";
import { LocalState } from "../../src/node/serving/local_state.ts";
import { Reconciler } from "../../src/node/serving/reconciler.ts";
import { everyone, sameModel, type View, viewOf } from "../../src/node/plan/view.ts";
import { machine } from "../mesh/content.ts";
import type { SimModel } from "./scenario.ts";
import type { SimNode } from "./sim_node.ts";
import { type SimServer, simSupervisor } from "./sim_server.ts";
import { portTo } from "./sim_tunnels.ts";
import { toldErrors } from "./told_errors.ts";
import { TriedArguments } from "../../src/node/serving/tried_arguments.ts";
import { settingsLookup } from "../../src/node/plan/model_settings.ts";

const ENGINE: Omit<Engine, "devices"> = {
  llamaServer: "llama-server",
  rpcServer: "rpc-server",
  build: "1",
  rpcProtocol: "8.0.0",
  leftOut: [],
  llamaServerFlags: new Set(),
  rpcServerFlags: new Set(),
};

/** The plans and jobs of a node in one life: the program's own reconciler over children that are only states. */
export class SimServing {
  readonly #node: SimNode;
  readonly #reconciler: Reconciler;
  readonly #servers = new Set<SimServer>();
  readonly #listeners = new Set<(event: MeshEvent) => void>();
  readonly #stopping = new AbortController();
  /** Answers that are still to come, by the models that they were asked of. */
  readonly #asked: string[] = [];
  readonly #localState: LocalState;
  readonly #mesh: Parameters<typeof viewOf>[0];
  readonly #queues: RequestQueues;

  constructor(node: SimNode) {
    this.#node = node;
    const { told, wanted = told === null ? [] : [told.name], roomBytes = 0 } = node.setup;
    const { member } = node;
    const mesh = {
      self: node.peer,
      members: () => member.view.members,
      rttMs: (peer: SimNode["peer"]) => member.view.rttMs(peer),
      suspect: (peer: SimNode["peer"], reason: string) => member.view.suspect(peer, reason),
      subscribe: (listener: (event: MeshEvent) => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    this.#mesh = mesh;
    this.#queues = new RequestQueues({
      ask: () => Promise.resolve(new Response()),
      now: node.clock.elapsed,
    });
    const { name, memory: { offered: memory }, setup: { split }, life } = node;
    const engine = engineOf(memory);
    const pinned = [...told === null ? [] : [told], ...node.setup.alsoTold ?? []]
      .map(({ name, fingerprint }) => ({ name, fingerprint }));
    this.#localState = new LocalState({
      mesh,
      facts: () => ({
        machine: machine({ name, engine: { ...ENGINE, origin: null }, devices: memory.devices }),
        memory,
        models: node.disk.map(localModel),
        downloadBytes: roomBytes,
        serving: { ...SERVING_DEFAULTS, split },
        settingsOf: settingsLookup(SERVING_DEFAULTS),
      }),
      wishes: { pinned, wanted, dropped: [], resting: [] },
      now: node.clock.now,
    });
    this.#reconciler = new Reconciler({
      planOptions: () => ({
        pinned,
        catalog: catalogOf(node.world.setup.catalog ?? []),
        gapsMs: this.#localState.gapsMs,
      }),
      // An answer that was under way when the process was killed ends later, and must not wake the dead.
      mayAct: () => node.running && node.life === life,
      view: (jobs, intent) => this.#localState.view(jobs, intent),
      changed: () => this.#announce(),
      idleMs: ({ name }) => {
        const sinceMs = this.#localState.demand.idleSinceMs(name);
        return sinceMs === undefined ? null : node.clock.now() - sinceMs;
      },
      drain: (server) => this.#queues.drain(server),
      changesInMs: () => this.#localState.changesInMs,
      parts: {
        memory,
        missingFile: () => undefined,
        spare: (model) => this.#spare(model, engine),
        lostDevices: [],
        memoryFailure: () => null,
        memoryFailed: () => {},
        companionsOf: () => ({ draft: null, projector: null, notes: [] }),
        companionFailed: () => {},
        mesh,
        engine,
        supervisor: simSupervisor(node, this.#servers),
        logger: toldErrors((problem) => node.world.violations.push(`${node.name}: ${problem}`)),
        tried: new TriedArguments(),
        settingsOf: settingsLookup(SERVING_DEFAULTS),
        idOf: ({ name }) => name,
        localModel: ({ model }) => node.disk.map(localModel).find((file) => sameModel(file, model)),
        devicesOf: (peer, model) => this.#devicesOf(peer, model),
        openTunnels: ({ workers }) => ({
          ports: Object.fromEntries(
            workers.map((peer) => [peer, portTo(node.world.peers.get(peer) as SimNode)]),
          ),
          close: () => Promise.resolve(),
        }),
        takenBy: () => null,
        resetTunnels: (model) => node.world.tunnels.reset(node, model),
        fetchModel: (name, signal) => this.#fetch(name, signal),
        weightsKnown: () => Promise.resolve(),
        now: node.clock.elapsed,
        after: node.clock.after,
      },
    });
  }

  get jobs(): readonly Job[] {
    return this.#reconciler.jobs;
  }

  /** The first of them. */
  get job(): Job {
    return this.jobs[0] ?? idleJob({ kind: "standby" }, null);
  }

  /** The assignment for which the host's llama-server of this model is being launched. */
  startingJob(model: string): Pick<Instance, "model" | "term" | "workers"> | null {
    return this.jobs.find(({ instance }) => instance?.model.name === model)?.instance ?? null;
  }

  /** So many more requests are in flight, for as long as this life lasts or until `answer` is called. */
  ask(model: string, count: number): void {
    for (let request = 0; request < count; request++) {
      this.#asked.push(model);
      this.#localState.demand.begin(model, this.#node.clock.now());
    }
  }

  /** Somebody asks for a model that is to be loaded. False where it is not. */
  requestLoad(name: string, forMs?: number): boolean {
    const { loadRequests } = this.#localState;
    const nowMs = this.#node.clock.now();
    const wished = loadRequests.names(nowMs);
    const model = modelToRequest(name, everyone(this.#view), { wished });
    if (model === undefined) return false;
    if (!loadRequests.call(model, nowMs, forMs)) return true;
    this.#announce();
    this.#reconciler.wake();
    return true;
  }

  /**
   * Resolves with the server that has begun to answer, until the signal aborts; `null` where none does.
   * @throws where it is about to end
   */
  async begin(model: ModelRef, signal: AbortSignal): Promise<SimServer | null> {
    const target = serverFor(this.jobs, model);
    if (target === null) return null;
    const { clock } = this.#node;
    countUntilAborted(this.#localState.demand, model.name, signal, clock.now);
    const path = "/v1/chat/completions";
    const request = { method: "POST", path, headers: new Headers(), body: null, signal };
    const server = [...this.#servers].find(({ port }) => target.baseUrl.endsWith(`:${port}`));
    await this.#queues.ask(target, request);
    return server ?? null;
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  answer(): void {
    for (const model of this.#asked.splice(0)) {
      this.#localState.demand.end(model, this.#node.clock.now());
    }
  }

  start(): void {
    this.#run(this.#stopping.signal).catch((error) => {
      this.#node.world.violations.push(`${this.#node.name} can not go on: ${error}`);
    });
  }

  /** Ends in order, as far as a process that is about to exit waits for it. */
  stop(): void {
    this.#stopping.abort(new Error("The node stops"));
  }

  /** Its children end with it. */
  kill(): void {
    this.#listeners.clear();
    for (const server of this.#servers) this.#node.world.tunnels.serverEnded(server);
  }

  membersChanged(): void {
    for (const listener of [...this.#listeners]) listener({ type: "members" });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { member, clock, setup } = this.#node;
    this.#listeners.add(() => this.#reconciler.wakeSoon());
    this.#checkDemand();
    this.#announce();
    const mesh = {
      self: this.#node.peer,
      members: () => member.view.members,
      // Here nobody sends routing tables: the first member counts as the mesh.
      routes: () => ({ nodes: [], partial: false }),
      subscribe: (listener: (event: MeshEvent) => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    if (setup.token.length > 0) await firstView(mesh, signal, clock.after);
    await this.#reconciler.run(signal);
  }

  #checkDemand(): void {
    if (this.#localState.demand.isThere) this.#reconciler.wake();
    this.#node.clock.after(DEMAND_CHECK_MS, () => this.#checkDemand());
  }

  async #fetch(name: string, signal: AbortSignal): Promise<void> {
    const { world, clock, disk, setup } = this.#node;
    const found = world.setup.catalog?.find((one) => one.name === name);
    if (found === undefined || sizeNeeded(found) > setup.memoryBytes) {
      world.violations.push(`${this.#node.name} downloads ${name}, which it can not serve`);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    clock.after(world.random.between(DOWNLOAD_MS.least, DOWNLOAD_MS.most), resolve);
    await promise;
    disk.push(found);
    world.moves.reason();
    this.#announce();
    this.#reconciler.wake();
  }

  get #own(): AnnouncementContent {
    return this.#localState.content(this.jobs, this.#reconciler.intent);
  }

  #spare(model: ModelRef, engine: Pick<Engine, "devices">): DeviceBytes {
    const { member: { view }, memory: { offered } } = this.#node;
    return spareBytes(model, { engine, memory: offered, own: this.#own, others: view.members });
  }

  get #view(): View {
    return viewOf(this.#mesh, this.#own);
  }

  #devicesOf(peer: string, model: ModelRef): readonly Offer[] {
    const { self, others } = this.#view;
    const member = others.find((one) => one.peer === peer);
    return member === undefined ? [] : freeDevices(member, [self, ...others], model);
  }

  /** Nothing says that it holds more than is offered, not even while one thing replaces another. Bytes are rounded up. */
  #checkMemory(reservations: AnnouncementContent["reservations"]): void {
    const { name, world, memory } = this.#node;
    const held = added(...reservations.map(toldBytes));
    const models = reservations.map(({ model }) => model.name).join(" and ");
    for (const { name: device, offeredBytes } of memory.offered.devices) {
      const bytes = held.get(device) ?? 0;
      if (bytes <= offeredBytes + reservations.length) continue;
      world.violations.push(
        `${name} announces ${bytes} of ${offeredBytes} of ${device}: ${models}`,
      );
    }
  }

  #announce(): void {
    const { member, world } = this.#node;
    const content = this.#own;
    this.#checkMemory(content.reservations);
    world.violations.push(...world.moves.look(this.#node, this.jobs.map(({ plan }) => plan)));
    member.view.announce(content);
    member.watchClosely(splitPeers(this.jobs));
    world.tunnels.gateChanged(this.#node);
  }
}

const DOWNLOAD_MS = { least: 500, most: 5_000 } as const;

function catalogOf(models: readonly SimModel[]) {
  return models.map((model) => {
    const { name, sizeBytes } = model;
    return { name, sizeBytes, needBytes: sizeNeeded(model) };
  });
}

function engineOf({ devices }: OfferedMemory): Engine {
  const gpus = devices.flatMap(({ name, kind, totalBytes }): EngineDevice[] =>
    kind === "cpu" ? [] : [{ name, description: "", kind, totalBytes, freeBytes: totalBytes }]
  );
  return { ...ENGINE, devices: gpus };
}

/** Of a model on a node's disk. */
export function needOf({ disk }: SimNode, name: string): number {
  const model = disk.find((one) => one.name === name);
  return model === undefined ? 0 : sizeNeeded(model);
}

export function sizeNeeded(model: SimModel): number {
  return needBytes(localModel(model), null);
}

/** Made once of each: every look of every node lists its disk. */
const localModels = new Map<SimModel, LocalModel>();

function localModel(model: SimModel): LocalModel {
  const known = localModels.get(model) ?? makeLocalModel(model);
  localModels.set(model, known);
  return known;
}

function makeLocalModel({ name, fingerprint, sizeBytes }: SimModel): LocalModel {
  const cache = { kvHeads: 0, keyLength: 0, valueLength: 0, slidingWindow: 0, slidingKvHeads: 0 };
  const header = { contextLength: 1, ...cache };
  return {
    name,
    fingerprint,
    sizeBytes,
    path: `/models/${name}.gguf`,
    shards: [],
    projector: null,
    header: { ...header, feedForwardLength: 0, embeddingLength: 0 } as LocalModel["header"],
  };
}
