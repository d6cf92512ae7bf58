import type { Logger } from "@logtape/logtape";
import type { Clock, Mesh } from "../../mesh/mod.ts";
import type { Downloadable } from "../plan/assignment/assignments.ts";
import {
  FEW_ACTIVE_SHARE,
  FIRST_VIEW_MS,
  MAX_ACTIVE_NODES,
  PLAN_AGAIN_MS,
  STANDBY_REFRESH_MAX_MS,
  STANDBY_REFRESH_MIN_MS,
  STANDBY_SETTLE_MS,
  STANDBY_SPREAD_MS,
} from "../plan/defaults.ts";
import { firstView } from "./first_view.ts";
import type { Member } from "../plan/view.ts";
import { Wakeup } from "../serving/wakeup.ts";
import { needsOf } from "./needs.ts";
import {
  ARRIVING,
  BEGINNING,
  decideStandby,
  type StandbyState,
  type StandbyTimes,
} from "./standby_policy.ts";
import { isSurplus } from "./surplus.ts";

/** How large a mesh gets before its idle nodes leave the gossip, and how fast they do what they do. */
export interface StandbyLimits extends StandbyTimes {
  readonly maxActive: number;
}

const LIMITS: StandbyLimits = {
  maxActive: MAX_ACTIVE_NODES,
  settleMs: STANDBY_SETTLE_MS,
  refreshMinMs: STANDBY_REFRESH_MIN_MS,
  refreshMaxMs: STANDBY_REFRESH_MAX_MS,
  spreadMs: STANDBY_SPREAD_MS,
};

export interface StandbyOptions {
  readonly mesh: Pick<
    Mesh,
    "self" | "passive" | "members" | "routes" | "refreshRoutes" | "standBy" | "rejoin" | "subscribe"
  >;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly catalog: () => readonly Downloadable[];
  /** This node's announcement, or the one that it would make. */
  readonly self: () => Member;
  /** It does nothing, and its user wants nothing of it. */
  readonly isIdle: () => boolean;
  /** It leaves the gossip, or has joined it and sees the others. */
  readonly changed: () => void;
  /** Tests have small meshes and no time. @default {LIMITS} */
  readonly limits?: StandbyLimits;
}

/** Takes this node out of the gossip while the mesh does not need it, and back when it does. */
export class StandbyKeeper {
  readonly #options: StandbyOptions;
  readonly #limits: StandbyLimits;
  readonly #wakeup: Wakeup;
  #standby: StandbyState;
  #refreshedAtMs = -Infinity;
  #unanswered = 0;
  /** The callers that need this node in the gossip at once, and wait for it. */
  #called: { readonly reason: string; readonly done: PromiseWithResolvers<void> } | undefined;
  #looking: AbortController | undefined;
  #hasView: boolean;
  #ended = false;

  constructor(options: StandbyOptions) {
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    this.#standby = options.mesh.passive ? ARRIVING : BEGINNING;
    this.#hasView = !options.mesh.passive;
    this.#wakeup = new Wakeup(options.clock.after);
  }

  /** It gossips and has heard of the others: only then it may plan. */
  get hasView(): boolean {
    return this.#hasView;
  }

  wake(): void {
    this.#wakeup.ring();
  }

  /** There is work for this node: it gossips, and knows the others, when this resolves. */
  enter(reason: string): Promise<void> {
    const isThere = this.#standby.kind === "active" && this.#hasView;
    if (isThere || this.#ended) return Promise.resolve();
    this.#called ??= { reason, done: Promise.withResolvers() };
    this.#looking?.abort();
    this.wake();
    return this.#called.done.promise;
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    const unsubscribe = this.#options.mesh.subscribe(({ type }) => {
      if (type === "members" || type === "routes") this.wake();
    });
    try {
      while (!signal.aborted) {
        const untilMs = await this.#tryStep(signal);
        await this.#wakeup.rung(untilMs === null ? null : untilMs - this.#options.clock.elapsed());
      }
    } finally {
      unsubscribe();
      this.#ended = true;
      this.#called?.done.resolve();
    }
  }

  /** It decides by what others say, and nothing that they say may end this node. */
  async #tryStep(signal: AbortSignal): Promise<number | null> {
    try {
      return await this.#step(signal);
    } catch (error) {
      this.#options.logger.error("Cannot decide whether to leave the gossip: {error}", { error });
      return this.#options.clock.elapsed() + PLAN_AGAIN_MS;
    }
  }

  /** One decision; returns when to decide again without an event. */
  async #step(signal: AbortSignal): Promise<number | null> {
    const { mesh, clock, isIdle, self, catalog } = this.#options;
    if (this.#called !== undefined) return await this.#answerCall(signal);
    const { maxActive } = this.#limits;
    const me = self();
    const passive = this.#standby.kind !== "active";
    const others = mesh.routes().nodes.filter(({ peer }) => peer !== mesh.self);
    const { standby, act, againAtMs } = decideStandby(this.#standby, {
      peer: mesh.self,
      isIdle: isIdle(),
      isRoomy: others.length < maxActive,
      isSurplus: !passive && isSurplus(me, mesh.members(), maxActive),
      needs: passive
        ? needsOf(me, mesh.routes(), {
          catalog: catalog(),
          fewActive: maxActive * FEW_ACTIVE_SHARE,
        })
        : [],
      refreshedAtMs: this.#refreshedAtMs,
      unanswered: this.#unanswered,
    }, { nowMs: clock.elapsed(), random: Math.random(), times: this.#limits });
    const isArriving = this.#standby.kind === "arriving";
    this.#standby = standby;
    if (act === "leave") await this.#leave();
    else if (act === "stay") this.#tell(others.length);
    else if (act === "refresh") await this.#refresh(signal, isArriving);
    else if (act === "join") await this.#join(isArriving ? null : reasonOf(standby), signal);
    return act === "join" ? clock.elapsed() : againAtMs;
  }

  async #answerCall(signal: AbortSignal): Promise<number> {
    const call = this.#called;
    const { backoff } = this.#standby;
    this.#standby = { ...BEGINNING, backoff };
    if (call !== undefined) await this.#join(call.reason, signal);
    this.#called = undefined;
    call?.done.resolve();
    return this.#options.clock.elapsed();
  }

  async #leave(): Promise<void> {
    const { mesh, changed } = this.#options;
    this.#hasView = false;
    this.#unanswered = 0;
    this.#tell(mesh.members().length);
    await mesh.standBy();
    changed();
  }

  #tell(others: number): void {
    this.#options.logger.info(
      "{others} other nodes are active, and this one is free: it leaves the gossip until the mesh needs it",
      { event: "stands-by", others },
    );
  }

  /** A node that has just started can't wait: if nobody answers at once it joins, and goes on dialling. */
  async #refresh(signal: AbortSignal, isArriving: boolean): Promise<void> {
    const { mesh, clock } = this.#options;
    this.#refreshedAtMs = clock.elapsed();
    this.#looking = new AbortController();
    const cut = AbortSignal.any([signal, this.#looking.signal]);
    const limits = isArriving ? [cut, AbortSignal.timeout(FIRST_VIEW_MS)] : [cut];
    try {
      await mesh.refreshRoutes({ force: true, signal: AbortSignal.any(limits) });
      this.#unanswered = 0;
    } catch {
      if (!cut.aborted) this.#unanswered += 1;
    }
  }

  async #join(reason: string | null, signal: AbortSignal): Promise<void> {
    const { mesh, clock, logger, changed } = this.#options;
    if (mesh.passive) {
      if (reason !== null) {
        logger.info("This node joins the gossip again: {reason}", { event: "rejoins", reason });
      }
      await mesh.rejoin();
      await firstView(mesh, signal, clock.after);
    }
    this.#hasView = true;
    changed();
  }
}

function reasonOf(standby: StandbyState): string {
  const model = standby.kind === "active" ? standby.cameFor : null;
  return model === null ? "few others are active" : `the mesh needs somebody for ${model}`;
}
