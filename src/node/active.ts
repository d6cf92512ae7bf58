import type { LoadOptions } from "../api/mod.ts";
import { type ModelRef, systemClock } from "../mesh/mod.ts";
import type { LocalModel } from "../models/mod.ts";
import type { InferenceRequest } from "../tunnel/mod.ts";
import type { ActiveOptions } from "./active_options.ts";
import { DEMAND_CHECK_MS } from "./plan/defaults.ts";
import { downloadables } from "./plan/downloadables.ts";
import { serverFor, splitPeers } from "./serving/job.ts";
import { idLookup, jobParts } from "./job_parts.ts";
import { FailedModels } from "./serving/failed_models.ts";
import { firstView } from "./standby/first_view.ts";
import { DiskWatch } from "./ends/disk_watch.ts";
import { HttpEnd } from "./ends/http_end.ts";
import { IdleUnload } from "./serving/idle_unload.ts";
import { LargerContext } from "./serving/larger_context.ts";
import { LocalState } from "./serving/local_state.ts";
import type { NodeFacts } from "./serving/own_announcement.ts";
import { memoryNow } from "./memory_now.ts";
import type { NodePart } from "./report/part.ts";
import { ActiveReport } from "./report/active_report.ts";
import { RunLog } from "./report/run_log.ts";
import { Reconciler } from "./serving/reconciler.ts";
import { servesOthers, SleepLock, sleepLockCommand } from "./serving/sleep_lock.ts";
import { RpcEnds } from "./ends/rpc_ends.ts";
import { StandbyKeeper } from "./standby/standby_keeper.ts";
import { modelToRequest, requestLoadElsewhere } from "./plan/load_requests.ts";
import { everyone, viewOf } from "./plan/view.ts";
import { TableWatch } from "./standby/table_watch.ts";
import { UserChoices, wishesAtStart } from "./serving/user_choices.ts";

/**
 * The part of a node that only a member has: it offers memory, announces itself, plans and runs llama.cpp, or waits
 * outside the gossip until it is needed.
 */
export class Active implements NodePart {
  readonly #options: ActiveOptions;
  readonly #localState: LocalState;
  readonly #reconciler: Reconciler;
  readonly #rpc: RpcEnds;
  readonly #http: HttpEnd;
  readonly #larger: LargerContext;
  readonly #rest: IdleUnload;
  readonly #standby: StandbyKeeper;
  readonly #table: TableWatch;
  readonly #failed: FailedModels;
  readonly #sleep: SleepLock;
  readonly #choices: UserChoices;
  readonly #report: ActiveReport;
  readonly #runs: RunLog;

  constructor(options: ActiveOptions) {
    const { mesh } = options;
    this.#options = options;
    this.#localState = new LocalState({
      mesh,
      facts: () => this.#facts(),
      wishes: wishesAtStart(options),
      now: systemClock.now,
    });
    const jobs = () => this.#reconciler.jobs;
    this.#rpc = new RpcEnds({
      ...options,
      rpcProtocol: options.engine.rpcProtocol,
      onDisk: () => this.onDisk,
      jobs,
    });
    this.#reconciler = this.#createReconciler();
    this.#rest = new IdleUnload({
      ...options,
      localState: this.#localState,
      reconciler: this.#reconciler,
    });
    this.#standby = this.#createStandby();
    this.#table = new TableWatch(mesh);
    this.#failed = new FailedModels({
      ...options,
      failures: () => this.#reconciler.intent.failures,
      retry: () => this.#reconciler.retry(),
      after: systemClock.after,
    });
    this.#sleep = new SleepLock({
      command: sleepLockCommand(options.serving, Deno.build.os),
      logger: options.logger,
    });
    const parts = { ...options, localState: this.#localState, reconciler: this.#reconciler };
    this.#choices = new UserChoices({
      ...parts,
      onDisk: () => this.onDisk,
      enter: (reason) => this.#standby.enter(reason),
    });
    this.#report = new ActiveReport({
      ...parts,
      sleep: this.#sleep,
      memoryBytes: () => memoryNow(options).memoryBytes,
      machine: () => this.#announcement().machine,
    });
    this.#runs = new RunLog(options.logger, idLookup(options));
    this.#larger = new LargerContext({
      inventory: options.inventory,
      saidSettingsOf: options.saidSettingsOf,
      asked: options.askedContexts,
      jobs,
      view: () => viewOf(mesh, this.#announcement()),
      changed: () => {
        this.settingsChanged();
        return this.#reconciler.reconsider();
      },
    });
    this.#http = new HttpEnd({
      ...options,
      demand: this.#localState.demand,
      find: (model) => serverFor(jobs(), model),
      isRetired: (model) => this.#reconciler.hasRetired(model),
      idle: this.#rest,
      larger: this.#larger,
    });
  }

  #facts(): NodeFacts {
    const { serving, settingsOf, machine, manager } = this.#options;
    const memory = memoryNow(this.#options);
    return {
      serving,
      settingsOf,
      memory,
      machine: { ...machine, devices: memory.devices },
      models: this.onDisk,
      downloadBytes: manager.roomBytes,
    };
  }

  get ownModel(): ModelRef | null {
    return this.#reconciler.targets[0] ?? null;
  }

  askLocal(model: ModelRef, request: InferenceRequest): Promise<Response> | null {
    return this.#http.askOwn(model, request);
  }

  hasRetired(model: ModelRef): boolean {
    return this.#reconciler.hasRetired(model);
  }

  get onDisk(): readonly LocalModel[] {
    return this.#options.inventory.models;
  }

  get works(): NodePart["works"] {
    return this.#report.works;
  }

  idleSinceMs(model: string): number | undefined {
    return this.#localState.demand.idleSinceMs(model);
  }

  get answering(): number {
    return this.#http.answering;
  }

  get engineRestarts(): NodePart["engineRestarts"] {
    return this.#options.supervisor.restarts;
  }

  status(): ReturnType<NodePart["status"]> {
    return this.#report.status();
  }

  freshen(): Promise<void> {
    return this.#table.freshen();
  }

  watch(): () => void {
    return this.#table.watch();
  }

  enter(reason: string): Promise<void> {
    return this.#standby.enter(reason);
  }

  /** A standby outside the gossip asks a member, as a client does. */
  async requestLoad(name: string, options: LoadOptions): Promise<boolean> {
    const { mesh } = this.#options;
    return this.#call(name, options) || await requestLoadElsewhere(mesh, name, options);
  }

  /** Makes the mesh want a model that is on one of its disks. */
  #call(name: string, { granted, forMs }: Omit<LoadOptions, "signal">): boolean {
    const { mesh } = this.#options;
    const { loadRequests } = this.#localState;
    const nowMs = systemClock.now();
    const model = modelToRequest(name, everyone(viewOf(mesh, this.#announcement())), {
      granted,
      wished: loadRequests.names(nowMs),
    });
    if (model === undefined) return false;
    if (!loadRequests.call(model, nowMs, forMs)) return true;
    this.#rest.asksForLoad(model);
    this.#announce();
    void this.#standby.enter(`${model} is asked for`);
    this.#reconciler.wake();
    return true;
  }

  serve(model: string): Promise<void> {
    return this.#choices.serve(model);
  }

  drop(model: string): Promise<void> {
    return this.#choices.drop(model);
  }

  /** Settings of models are others from now on: what was started with the old ones is loaded anew, what failed tried again. */
  settingsChanged(): void {
    this.#options.inventory.adaptAnew();
    this.#announce();
    this.#reconciler.retry();
  }

  /** As `serve`, but for its memory; otherwise the mesh says whether it is served here. */
  async pin(id: string, isPinned: boolean): Promise<void> {
    await (isPinned ? this.#choices.serve(id) : this.#choices.unpin(id));
  }

  /** Plans and serves until the signal aborts; resolves when everything that it started is gone. */
  async run(signal: AbortSignal): Promise<void> {
    const { mesh, supervisor } = this.#options;
    const unsubscribe = mesh.subscribe((event) => {
      if (event.type === "members") this.#meet();
      else if (event.type === "asked") this.#call(event.model, event);
    });
    const disk = new DiskWatch({ ...this.#options, changed: () => this.#onDiskChanged() });
    const demand = setInterval(
      () => {
        this.#rest.check();
        this.#sleep.check(servesOthers(this.#reconciler.jobs, mesh), systemClock.elapsed());
        if (this.#localState.demand.isThere) this.#reconciler.wake();
      },
      DEMAND_CHECK_MS,
    );
    try {
      this.#announce();
      if (this.#options.joining && !mesh.passive) await firstView(mesh, signal, systemClock.after);
      this.#meet();
      await Promise.all([this.#reconciler.run(signal), this.#standby.run(signal)]);
    } finally {
      unsubscribe();
      clearInterval(demand);
      this.#failed.stop();
      this.#table.stop();
      await Promise.all([
        supervisor.stop(),
        this.#rpc.stop(),
        this.#sleep.release(),
        disk.stop(),
      ]);
    }
  }

  /** The files of models have changed: the plan may be another, and what failed may succeed. */
  #onDiskChanged(): void {
    this.#choices.followFile();
    this.#failed.retry();
    this.#announce();
    this.#reconciler.wake();
  }

  #createReconciler(): Reconciler {
    const catalog = () => downloadables(this.#options.settingsOf);
    return new Reconciler({
      planOptions: () => ({
        pinned: this.#localState.wishes.pinned,
        catalog: catalog(),
        gapsMs: this.#localState.gapsMs,
      }),
      view: (jobs, intent) => this.#localState.view(jobs, intent),
      changed: () => this.#announce(),
      idleMs: ({ name }) => {
        const sinceMs = this.#localState.demand.idleSinceMs(name);
        return sinceMs === undefined ? null : systemClock.now() - sinceMs;
      },
      drain: (server) => this.#http.drain(server),
      changesInMs: () => this.#localState.changesInMs,
      mayAct: () => this.#standby.hasView,
      parts: jobParts(this.#options, this.#rpc, () => this.#announcement()),
    });
  }

  #createStandby(): StandbyKeeper {
    const { mesh, logger, settingsOf, standby } = this.#options;
    return new StandbyKeeper({
      mesh,
      logger,
      clock: systemClock,
      catalog: () => downloadables(settingsOf),
      self: () => ({ ...this.#announcement(), peer: mesh.self, rttsMs: {} }),
      isIdle: () => this.#isIdle(),
      changed: () => this.#onStandbyState(),
      ...(standby === undefined ? {} : { limits: standby }),
    });
  }

  /**
   * The gossip does not need this node: it does nothing, its user wants nothing, and no model waits here to be
   * requested.
   */
  #isIdle(): boolean {
    const { pinned, wanted } = this.#localState.wishes;
    return this.#reconciler.isIdle && pinned.length === 0 && wanted.length === 0 &&
      !this.#rest.isResting && !this.#localState.isLoadRequested &&
      !this.#options.manager.isDownloading;
  }

  /** Changes that others made while this node was outside the gossip raise no events. */
  #onStandbyState(): void {
    this.#localState.forgetOthers();
    this.#meet();
    this.#reconciler.wake();
  }

  /** The members have changed: the plan may be another. */
  #meet(): void {
    const { mesh } = this.#options;
    this.#rest.heed(mesh.members());
    this.#reconciler.wakeSoon();
    this.#options.changed();
  }

  #announce(): void {
    const { mesh } = this.#options;
    mesh.announce(this.#announcement());
    mesh.watchClosely(splitPeers(this.#reconciler.jobs));
    this.#rpc.jobsChanged();
    this.#standby.wake();
    this.#failed.check();
    this.#larger.check();
    this.#runs.check(this.#reconciler.jobs);
    this.#options.changed();
  }

  #announcement() {
    const { jobs, intent } = this.#reconciler;
    return this.#localState.content(jobs, intent);
  }
}
