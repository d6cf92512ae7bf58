import { reasonOf } from "../../base/as_error.ts";
import { raceSignal } from "../../base/race_signal.ts";
import { type ExitCause, lacksMemory, type ManagedServer } from "../../engine/mod.ts";
import type { Instance, PeerId } from "../../mesh/mod.ts";
import { batchOf, leastShape, type LocalModel, purposeOf } from "../../models/mod.ts";
import type { Companions } from "../plan/companions.ts";
import { GPU_TRUST_AFTER_FAILURE } from "../plan/defaults.ts";
import type { ModelSettings } from "../plan/model_settings.ts";
import { type DeviceBytes, named } from "../plan/packing.ts";
import { type Offer, spread } from "../plan/pools.ts";
import {
  cappedNotes,
  type Changed,
  failureOf,
  type HostParts,
  type Job,
  type LocalServer,
  localServer,
  sizesOf,
  type SplitTunnels,
} from "./job.ts";
import { suspectsOf } from "./failed_companions.ts";
import { lostNote, splitMovedNote } from "./model_places.ts";
import { hostMembers, type OwnShare, ownShare, toldShare } from "./own_share.ts";
import type { Plan } from "../plan/plan.ts";
import { SplitWorkers, WorkerLostError } from "./split_workers.ts";

type HostPlan = Extract<Plan, { kind: "host" }>;

/**
 * Runs one split for one term: announces the assignment, waits until every worker has an rpc-server
 * of this term, then starts llama-server over the tunnels. It does not repair itself: when anything
 * of it ends, `failure` says so and the reconciler makes the next one, with a higher term.
 */
export class HostJob implements Job {
  readonly obeys = null;
  readonly rpcPort = null;
  readonly settings: ModelSettings;
  /** Aborts when the split is over: something of it has failed, or it is stopped. */
  readonly #over = new AbortController();
  readonly #running: Promise<void>;
  readonly #workers: SplitWorkers;
  readonly #tunnels: SplitTunnels;
  #ownRpcServer: ManagedServer | null = null;
  #llamaServer: ManagedServer | null = null;
  #failure: string | null = null;
  #companions: Companions = { draft: null, projector: null, notes: [] };
  #wasReady = false;
  #args: readonly string[] = [];
  #blamesLoss = false;

  constructor(
    readonly plan: HostPlan,
    readonly term: number,
    private readonly parts: HostParts,
    private readonly changed: Changed,
  ) {
    this.settings = parts.settingsOf(plan.model);
    this.#workers = new SplitWorkers(plan, term, parts);
    this.#tunnels = parts.openTunnels({
      model: plan.model,
      term,
      workers: plan.workers.map(({ peer }) => peer),
      mayPass: () => this.#llamaServer !== null && this.#failure === null,
    });
    this.#running = this.#run(this.#over.signal).catch((error: unknown) =>
      this.#fail(reasonOf(error), error instanceof WorkerLostError)
    );
  }

  get failure(): string | null {
    return this.#failure;
  }

  get blamesLoss(): boolean {
    return this.#blamesLoss;
  }

  get server(): LocalServer | null {
    if (this.#llamaServer === null || this.#failure !== null) return null;
    return localServer(this.#llamaServer, this.parts.engine);
  }

  get notes(): readonly string[] {
    const failure = this.parts.memoryFailure(this.plan.model);
    const moved = failure === null ? [] : [splitMovedNote(failure)];
    const { model } = this.plan;
    const file = this.parts.localModel(this.plan);
    const capped = file === undefined ? [] : cappedNotes(file, this.parts);
    const refused = this.parts.tried.note(model, this.settings.args);
    const args = refused === null ? [] : [refused];
    const lost = this.parts.lostDevices.map(lostNote);
    return [...capped, ...args, ...this.#companions.notes, ...lost, ...moved];
  }

  get progress(): number {
    return this.#llamaServer?.progress ?? 0;
  }

  /** Also while it waits for its workers: then nothing may come between. */
  get isLoading(): boolean {
    return this.server === null && this.#failure === null;
  }

  get instance(): Instance {
    const { model, hostShare, workers, needBytes, haveBytes } = this.plan;
    return {
      model,
      ...sizesOf(this.parts, this.plan),
      mode: "split",
      state: this.server === null ? "loading" : "warm",
      term: this.term,
      hostShare,
      workers,
      needBytes,
      haveBytes,
      tunnelPorts: this.#tunnels.ports,
    };
  }

  get usedBytes(): number {
    return Math.round(this.plan.needBytes * this.plan.hostShare);
  }

  /** While it loads, llama-server has told only a part. */
  get placed(): Job["placed"] {
    return Object.fromEntries(this.#toldBytes ?? this.#plannedBytes);
  }

  get #plannedBytes(): DeviceBytes {
    const { devices } = this.parts.memory;
    return named(this.#bytesOn(devices, this.plan.hostShare), devices);
  }

  get #toldBytes(): DeviceBytes | null {
    const { placed = null, state } = this.#llamaServer ?? {};
    if (placed === null || state?.kind !== "ready") return null;
    const own = this.#ownRpcServer?.state;
    const ownPort = own?.kind === "ready" ? own.port : null;
    return toldShare(placed, ownPort, this.#companions.projector?.sizeBytes ?? 0);
  }

  async stop(): Promise<void> {
    this.#over.abort(new Error("The split is planned anew"));
    await this.#running;
    // llama-server first: it holds the connections to the rpc-servers.
    await this.#llamaServer?.stop();
    await this.#ownRpcServer?.stop();
    await this.#tunnels.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const startedMs = this.parts.now();
    const [ownPort] = await Promise.all([
      this.#startOwnShare(signal),
      this.#workers.ready(signal),
      this.#weightsKnown(signal),
    ]);
    // It may be over in the very turn in which the last wait has ended, here as below.
    signal.throwIfAborted();
    const unsubscribe = this.parts.mesh.subscribe(() => this.#checkWorkers());
    signal.addEventListener("abort", unsubscribe, { once: true });
    await this.#launch(ownPort).ready(signal);
    signal.throwIfAborted();
    this.changed();
    const loadMs = Math.round(this.parts.now() - startedMs);
    const { model, workers } = this.plan;
    this.parts.logger.info("Serving {model} split over {nodes} nodes", {
      event: "serving",
      model: this.parts.idOf(model),
      mode: "split",
      loadMs,
      nodes: workers.length + 1,
    });
  }

  get #ownShare(): OwnShare {
    const { devices } = this.parts.memory;
    return ownShare(this.#bytesOn(devices, this.plan.hostShare), devices);
  }

  #bytesOn(devices: readonly Offer[], share: number): number[] {
    const hasFailed = this.parts.memoryFailure(this.plan.model) !== null;
    const trust = hasFailed ? GPU_TRUST_AFTER_FAILURE : 1;
    return spread(this.plan.needBytes * share, devices, trust);
  }

  /** A worker has said where it has room for its share; less goes to its GPUs once some have had too little memory. */
  #workerBytes(peer: PeerId, share: number): readonly number[] {
    const { memoryFailure, devicesOf } = this.parts;
    const { model } = this.plan;
    const told = memoryFailure(model) === null ? this.#workers.toldBy(peer) : null;
    return told ?? this.#bytesOn(devicesOf(peer, model), share);
  }

  /** A CPU is no offload device: its share goes through an rpc-server of the host's own. */
  async #startOwnShare(signal: AbortSignal): Promise<number | null> {
    if (this.#ownShare.main === 0) return null;
    const modelPath = this.parts.localModel(this.plan)?.path ?? null;
    const server = this.parts.supervisor.launch({
      kind: "rpc-server",
      modelName: this.plan.model.name,
      label: this.parts.idOf(this.plan.model),
      modelPath,
      lends: "main",
    }, {
      restart: false,
    });
    this.#ownRpcServer = server;
    server.subscribe(() => this.#watch("rpc-server", server));
    return await server.ready(signal);
  }

  /** Hashing the file once is quicker than sending it: the first load waits for that. */
  async #weightsKnown(signal: AbortSignal): Promise<void> {
    const model = this.parts.localModel(this.plan);
    if (model === undefined) return;
    await raceSignal(this.parts.weightsKnown(model), signal);
  }

  #launch(ownPort: number | null): ManagedServer {
    const model = this.parts.localModel(this.plan);
    if (model === undefined) throw new Error(`The file of ${this.plan.model.name} is gone`);
    const workers = this.plan.workers.map(({ peer, share }) => ({
      rpcPort: this.#tunnels.ports[peer]!,
      share,
      deviceBytes: this.#workerBytes(peer, share),
    }));
    this.#companions = this.parts.companionsOf(model, "split", this.parts.memory);
    const { projector, notes } = this.#companions;
    const shape = leastShape(model, this.settings);
    for (const note of [...cappedNotes(model, this.parts), ...notes]) {
      this.parts.logger.warn("{note}", { note });
    }
    const { tried } = this.parts;
    this.#args = tried.choose(model, this.settings.args);
    const server = this.parts.supervisor.launch({
      kind: "llama-server",
      modelPath: model.path,
      modelName: model.name,
      label: this.parts.idOf(model),
      ...shape,
      ...batchOf(model, shape),
      purpose: purposeOf(model.header),
      split: [...hostMembers(this.#ownShare, this.plan, ownPort), ...workers],
      projectorPath: projector?.path ?? null,
      args: this.#args,
    }, { restart: false });
    this.#llamaServer = server;
    server.subscribe((state) => {
      if (state.kind === "failed" && !this.#wasReady) this.#blame(state.cause, model, server);
      if (state.kind === "ready") tried.worked(model, this.#args);
      this.#wasReady ||= state.kind === "ready";
      this.#watch("llama-server", server);
    });
    return server;
  }

  /** If llama-server blames the projector, the next term is loaded without it; if memory, with less on GPUs. */
  #blame(cause: ExitCause, model: LocalModel, server: ManagedServer): void {
    const reason = failureOf("llama-server", server) ?? "";
    if (lacksMemory(cause)) this.parts.memoryFailed(this.plan.model, cause.text);
    else if (cause.part === "model") this.parts.tried.refused(model, this.#args, cause.text);
    for (const one of suspectsOf(this.#companions, cause, "split")) {
      this.parts.companionFailed(model, one, reason);
    }
  }

  #watch(name: string, server: ManagedServer): void {
    const { state } = server;
    const failure = failureOf(name, server);
    const blamesLoss = state.kind === "failed" &&
      (state.cause.part === "worker" || state.cause.lost !== undefined);
    if (failure !== null) this.#fail(failure, blamesLoss);
    this.changed();
  }

  /** A worker that has started anew holds nothing of this term, though its tunnel leads on. */
  #checkWorkers(): void {
    const [missing] = this.#workers.missing();
    if (missing === undefined) return;
    const failure = this.#workers.failure();
    this.#fail(failure ?? `worker ${missing} no longer works for it`, failure === undefined);
  }

  #fail(reason: string, blamesLoss: boolean): void {
    if (this.#over.signal.aborted) return;
    this.#failure = reason;
    this.#blamesLoss = blamesLoss;
    this.#over.abort(new Error(reason));
    // Else llama-server could wait for a machine that has vanished.
    void this.#tunnels.close();
    this.changed();
  }
}
