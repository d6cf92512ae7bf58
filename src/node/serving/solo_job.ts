import { lacksMemory, type ManagedServer, type ServerState } from "../../engine/mod.ts";
import type { Instance } from "../../mesh/mod.ts";
import { batchOf, type LocalModel, purposeOf } from "../../models/mod.ts";
import type { Companions } from "../plan/companions.ts";
import type { ModelSettings } from "../plan/model_settings.ts";
import {
  cappedNotes,
  type Changed,
  failureOf,
  type Job,
  type LocalServer,
  localServer,
  sizesOf,
  type SoloParts,
} from "./job.ts";
import { suspectsOf } from "./failed_companions.ts";
import { lostNote, movedNote, placedNote, placeNotes } from "./model_places.ts";
import type { Plan } from "../plan/plan.ts";
import { SoloMemory } from "./solo_memory.ts";

type SoloPlan = Extract<Plan, { kind: "solo" }>;

/** Serves a model that fits this node, with a llama-server that starts again when it crashes. */
export class SoloJob implements Job {
  readonly obeys = null;
  readonly rpcPort = null;
  readonly settings: ModelSettings;
  readonly #model: LocalModel;
  /** When llama-server was last started. */
  #startedMs = 0;
  #isStarting = true;
  #companions: Companions;
  #args: readonly string[];
  readonly #memory: SoloMemory;
  #moved: string | null = null;
  /** Devices that were lost when it was started: if there are more, the plan may be another. */
  readonly #lostBefore: number;
  /** The end of a server by which a device was given up: no other is started for this plan. */
  #loss: string | null = null;
  #server: ManagedServer;
  #unsubscribe: () => void = () => {};
  #announced = false;
  /** Since the last start of llama-server, none of which has been ready yet. */
  #isLoading = true;

  constructor(
    readonly plan: SoloPlan,
    readonly term: number,
    private readonly parts: SoloParts,
    private readonly changed: Changed,
  ) {
    const model = parts.localModel(plan);
    if (model === undefined) throw new Error(`Cannot serve ${plan.model.name}: its file is gone`);
    this.#model = model;
    this.settings = parts.settingsOf(model);
    this.#args = parts.tried.choose(model, this.settings.args);
    this.#companions = parts.companionsOf(model, "solo", parts.unclaimed);
    this.#memory = new SoloMemory(
      { plan, model, settings: this.settings, companions: () => this.#companions },
      parts,
    );
    this.#lostBefore = parts.lostDevices.length;
    this.#server = this.#launch([...cappedNotes(model, parts), ...this.#companions.notes]);
  }

  get notes(): readonly string[] {
    const { placed } = this.#server;
    const refused = this.parts.tried.note(this.#model, this.settings.args);
    return [
      ...(refused === null ? [] : [refused]),
      ...cappedNotes(this.#model, this.parts),
      ...this.#companions.notes,
      ...this.parts.lostDevices.map(lostNote),
      ...(this.#moved === null ? placeNotes(this.#memory.place) : [this.#moved]),
      ...(placed === null || this.#memory.place.kind !== "both" ? [] : [placedNote(placed)]),
    ];
  }

  /** While it loads, llama-server has told only a part. */
  get placed(): Job["placed"] {
    const { placed, state } = this.#server;
    return this.#memory.placed(state.kind === "ready" ? placed : null);
  }

  get spare(): Job["spare"] {
    return this.#memory.spareOf(this.placed ?? {});
  }

  /** In messages. */
  get #id(): string {
    return this.parts.idOf(this.plan.model);
  }

  get server(): LocalServer | null {
    return localServer(this.#server, this.parts.engine);
  }

  get blamesLoss(): boolean {
    const { state } = this.#server;
    return this.#loss !== null || state.kind === "failed" && state.cause.lost !== undefined;
  }

  /** It starts again by itself for a while; what never starts is for the reconciler to retry. */
  get failure(): string | null {
    const { state } = this.#server;
    const gaveUp = state.kind === "failed" && state.retryAtMs === null;
    return this.#loss ?? (gaveUp ? failureOf("llama-server", this.#server) : null);
  }

  get isLoading(): boolean {
    return this.#server.state.kind === "starting";
  }

  /** A device was given up: the memory of this machine is less than it was planned with. */
  get #hasLostMore(): boolean {
    return this.parts.lostDevices.length > this.#lostBefore;
  }

  get progress(): number {
    return this.#server.progress;
  }

  get instance(): Instance {
    const { model, needBytes } = this.plan;
    return {
      model,
      ...sizesOf(this.parts, this.plan),
      ...this.#memory.shape,
      mode: "solo",
      state: this.server === null ? "loading" : "warm",
      term: this.term,
      hostShare: 1,
      workers: [],
      needBytes,
      haveBytes: needBytes,
    };
  }

  get usedBytes(): number {
    return this.plan.needBytes + this.#memory.extraBytes;
  }

  get keptBytes(): number {
    return this.#memory.keptBytes;
  }

  stop(): Promise<void> {
    this.#unsubscribe();
    return this.#server.stop();
  }

  /** @param news what was not said before */
  #launch(news: readonly string[]): ManagedServer {
    const { supervisor, logger } = this.parts;
    const { name, path, header } = this.#model;
    const { draft, projector } = this.#companions;
    for (const note of news) logger.warn("{note}", { note });
    if (draft !== null) {
      logger.info("{draft} drafts for {model}", { draft: draft.name, model: this.#id });
    }
    this.#startedMs = this.parts.now();
    const server = supervisor.launch({
      kind: "llama-server",
      modelPath: path,
      modelName: name,
      label: this.#id,
      ...this.#memory.shape,
      ...batchOf(this.#model, this.#memory.shape),
      purpose: purposeOf(header),
      split: [],
      place: this.#memory.place,
      ...this.#memory.kept,
      draftPath: draft?.path ?? null,
      projectorPath: projector?.path ?? null,
      args: this.#args,
    }, { restart: true });
    this.#unsubscribe = server.subscribe((state) => {
      if (state.kind === "failed" && this.#hasLostMore) this.#giveUp();
      else if (!this.#wentOnElsewhere(state)) this.#report(state);
      this.changed();
    });
    return server;
  }

  /** A load that has failed is no fault of the model before it was tried where there is more memory, and by itself. */
  #wentOnElsewhere(state: ServerState): boolean {
    const endedLoading = state.kind === "failed" && state.frozen === null && this.#isLoading;
    this.#isLoading = state.kind !== "ready";
    if (state.kind === "ready") this.parts.tried.worked(this.#model, this.#args);
    if (!endedLoading) return false;
    return this.#movedOn(state) || this.#wentOnWithOtherArgs(state) || this.#wentOnAgain(state) ||
      this.#wentOnWithout(state);
  }

  /** A driver that was reset works again most often; one that does not costs the device. */
  #wentOnAgain({ cause }: Extract<ServerState, { kind: "failed" }>): boolean {
    const usesDevices = this.#memory.place.kind !== "main" && this.parts.engine.devices.length > 0;
    if (cause.lost === undefined || !usesDevices) return false;
    this.#relaunch([`llama-server: ${cause.text} while it loaded ${this.#id}`]);
    return true;
  }

  #movedOn({ cause }: Extract<ServerState, { kind: "failed" }>): boolean {
    if (!lacksMemory(cause)) return false;
    if (this.#memory.shrink()) {
      this.#relaunch([]);
      return true;
    }
    const next = this.#memory.moveOn();
    if (next === undefined) return false;
    this.#moved = movedNote(next, cause.text);
    this.#relaunch([this.#moved]);
    return true;
  }

  #wentOnWithOtherArgs({ cause }: Extract<ServerState, { kind: "failed" }>): boolean {
    const { tried } = this.parts;
    const isElsewhere = cause.lost !== undefined || lacksMemory(cause);
    if (isElsewhere || !tried.refused(this.#model, this.#args, cause.text)) return false;
    const { args } = this.settings;
    this.#args = tried.choose(this.#model, args);
    this.#relaunch([tried.note(this.#model, args) ?? cause.text]);
    return true;
  }

  #wentOnWithout(state: Extract<ServerState, { kind: "failed" }>): boolean {
    const suspects = suspectsOf(this.#companions, state.cause, "solo");
    if (suspects.length === 0) return false;
    const reason = failureOf("llama-server", this.#server) ?? "";
    for (const one of suspects) this.parts.companionFailed(this.#model, one, reason);
    const { notes } = this.#companions;
    this.#companions = this.parts.companionsOf(this.#model, "solo", this.parts.unclaimed);
    this.#relaunch(this.#companions.notes.filter((note) => !notes.includes(note)));
    return true;
  }

  /** The plan is made anew for the memory that is left. */
  #giveUp(): void {
    this.#loss = failureOf("llama-server", this.#server);
    this.#unsubscribe();
    void this.#server.stop(); // it has ended: this calls its next start off
  }

  #relaunch(news: readonly string[]): void {
    this.#unsubscribe();
    void this.#server.stop(); // it has ended: this calls its next start off
    this.#server = this.#launch(news);
  }

  #report(state: ServerState): void {
    const isStarting = state.kind === "starting";
    if (isStarting && !this.#isStarting) this.#startedMs = this.parts.now();
    this.#isStarting = isStarting;
    if (state.kind === "ready" && !this.#announced) {
      this.#announced = true;
      const loadMs = Math.round(this.parts.now() - this.#startedMs);
      this.parts.logger.info("Serving {model} alone", {
        event: "serving",
        model: this.#id,
        mode: "solo",
        loadMs,
      });
    }
    if (state.kind === "frozen") this.#announced = false;
    // That it was frozen has been said.
    if (state.kind === "failed" && state.frozen === null) {
      this.#announced = false;
      // A failure to load is reported when the load is tried again.
      if (state.retryAtMs === null) return;
      const failure = failureOf("llama-server", this.#server);
      this.parts.logger.warn("{failure} while it served {model}", { model: this.#id, failure });
    }
  }
}
