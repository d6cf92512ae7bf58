import type { ManagedServer } from "../../engine/mod.ts";
import type { Instance, Obedience } from "../../mesh/mod.ts";
import type { WorkerPlan } from "../plan/peer_workers.ts";
import { added, named } from "../plan/packing.ts";
import { spread } from "../plan/pools.ts";
import { instanceOf } from "../plan/view.ts";
import { type Changed, failureOf, type Job, type WorkerParts } from "./job.ts";

/**
 * Lends this node's memory to one host for one term of one model's split. A new term is a new job with a new rpc-server:
 * it serves one client at a time, so nothing of an earlier host may stay connected.
 */
export class WorkerJob implements Job {
  readonly instance = null;
  readonly server = null;
  readonly progress = 0;
  readonly isLoading = false;
  readonly blamesLoss = false;
  readonly usedBytes: number;
  /** Laid out once: what others find free that begin later is not where this share lies. The host follows it. */
  readonly #planned: Readonly<Record<string, number>>;
  readonly #rpcServer: ManagedServer;

  constructor(
    readonly plan: WorkerPlan,
    private readonly parts: WorkerParts,
    changed: Changed,
  ) {
    parts.resetTunnels(plan.model);
    const { devices } = parts.memory;
    this.usedBytes = this.#assignedBytes();
    this.#planned = Object.fromEntries(named(spread(this.usedBytes, devices), devices));
    this.#rpcServer = parts.supervisor.launch({
      kind: "rpc-server",
      modelName: plan.model.name,
      label: parts.idOf(plan.model),
      modelPath: parts.localModel(plan)?.path ?? null,
      lends: this.#knowsMainMemory() ? "all" : "gpus",
    }, { restart: true });
    this.#rpcServer.subscribe((state) => {
      // That it was frozen has been said.
      if (state.kind === "failed" && state.frozen === null && state.retryAtMs !== null) {
        const model = parts.idOf(plan.model);
        parts.logger.warn("rpc-server for {model}: {cause}", { model, cause: state.cause.text });
      }
      changed();
    });
  }

  /** A host of an earlier version gives shares to GPUs only, by their number. */
  #knowsMainMemory(): boolean {
    const host = this.parts.mesh.members().find(({ peer }) => peer === this.plan.host);
    return host?.machine.devices.some(({ kind }) => kind !== null) ?? true;
  }

  /**
   * The host says how much the model needs, and which share of it is here. Once it has gone, or wants something else, the
   * rpc-server has that memory until it has ended.
   */
  #assignedBytes(): number {
    const { mesh } = this.parts;
    const instance = this.#instance();
    if (instance === undefined) return 0;
    const share = instance.workers.find(({ peer }) => peer === mesh.self)?.share ?? 0;
    return Math.round(instance.needBytes * share);
  }

  /** As its host announces it. */
  #instance(): Instance | undefined {
    const { host, term, model } = this.plan;
    const member = this.parts.mesh.members().find(({ peer }) => peer === host);
    const instance = member && instanceOf(member, model);
    return instance?.term === term ? instance : undefined;
  }

  /** Once the model is loaded its host has taken all that it needs. An rpc-server lends devices in the order of the memory. */
  get placed(): Job["placed"] {
    const { memory: { devices }, takenBy } = this.parts;
    const isLoaded = this.#instance()?.state === "warm";
    const taken = isLoaded ? takenBy(this.plan.model) : null;
    if (taken === null) return this.#planned;
    return Object.fromEntries(
      added(...taken.map((bytes, index) => new Map([[devices[index]?.name ?? "CPU", bytes]]))),
    );
  }

  get rpcPort(): number | null {
    const { state } = this.#rpcServer;
    return state.kind === "ready" ? state.port : null;
  }

  get failure(): string | null {
    const { state } = this.#rpcServer;
    const gaveUp = state.kind === "failed" && state.retryAtMs === null;
    return gaveUp ? failureOf("rpc-server", this.#rpcServer) : null;
  }

  get obeys(): Obedience {
    const { host, term, model } = this.plan;
    return { host, term, ready: this.rpcPort !== null, model };
  }

  async stop(): Promise<void> {
    await this.#rpcServer.stop();
    this.parts.resetTunnels(this.plan.model);
  }
}
