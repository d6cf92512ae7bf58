/** When a node leaves the gossip and when it joins it again. Pure: time and chance are arguments. */

import {
  STANDBY_BACKOFF_MAX_MS,
  STANDBY_BACKOFF_MS,
  UNANSWERED_BEFORE_REJOIN,
} from "../plan/defaults.ts";
import { callDelayMs } from "./call_delay.ts";
import type { Need } from "./needs.ts";

export interface StandbyTimes {
  /** It does nothing and is one too many for this long before it leaves. */
  readonly settleMs: number;
  /** A standby looks at the routing table this often. */
  readonly refreshMinMs: number;
  readonly refreshMaxMs: number;
  /** The standbys that could answer a need are spread over this time. */
  readonly spreadMs: number;
}

export type StandbyState =
  & {
    /** Needs that it came for and was not taken for: how often, and until when it stays away. */
    readonly backoff: ReadonlyMap<string, { readonly times: number; readonly untilMs: number }>;
  }
  & (
    /** It has just started, and asks whether the mesh has room before it gossips. */
    | { readonly kind: "arriving" }
    | {
      readonly kind: "active";
      /** `null` while it has work or is needed. */
      readonly leavesAtMs: number | null;
      /** The need for which it came back, until it has work. */
      readonly cameFor: string | null;
    }
    | {
      readonly kind: "passive";
      readonly refreshesAtMs: number;
      /** The need that it is about to answer. */
      readonly call: { readonly need: Need; readonly atMs: number } | null;
    }
  );

export const BEGINNING: StandbyState = {
  kind: "active",
  leavesAtMs: null,
  cameFor: null,
  backoff: new Map(),
};

export const ARRIVING: StandbyState = { kind: "arriving", backoff: new Map() };

export interface StandbyFacts {
  readonly peer: string;
  /** By the table, one more active node would not be one too many. */
  readonly isRoomy: boolean;
  /** It serves nothing, loads nothing, and its user wants nothing of it. */
  readonly isIdle: boolean;
  /** It is one of those that the mesh can do without. */
  readonly isSurplus: boolean;
  readonly needs: readonly Need[];
  /** When the standby last asked for the table. */
  readonly refreshedAtMs: number;
  /** Looks in a row that nobody answered. */
  readonly unanswered: number;
}

export interface Moment {
  readonly nowMs: number;
  /** 0 to 1. */
  readonly random: number;
  readonly times: StandbyTimes;
}

export interface Step {
  readonly standby: StandbyState;
  /** `stay`: it has asked whether it should join, and stays out. */
  readonly act: "nothing" | "leave" | "stay" | "refresh" | "join";
  /** When to decide again if nothing happens before. */
  readonly againAtMs: number | null;
}

export function decideStandby(standby: StandbyState, facts: StandbyFacts, moment: Moment): Step {
  switch (standby.kind) {
    case "arriving":
      return decideArriving(standby, facts, moment);
    case "active":
      return decideActive(standby, facts, moment);
    case "passive":
      return decidePassive(standby, facts, moment);
  }
}

/** A large mesh need not hear of everybody who is switched on and has nothing to do. */
function decideArriving(
  standby: StandbyState,
  { refreshedAtMs, unanswered, isRoomy }: StandbyFacts,
  { nowMs, random, times }: Moment,
): Step {
  if (refreshedAtMs === -Infinity) return { standby, act: "refresh", againAtMs: nowMs };
  if (unanswered > 0 || isRoomy) return join(standby, null);
  const refreshesAtMs = nextRefresh(refreshedAtMs, random, times);
  const passive = { kind: "passive", backoff: standby.backoff, refreshesAtMs, call: null } as const;
  return { standby: passive, act: "stay", againAtMs: nowMs };
}

function decideActive(
  standby: Extract<StandbyState, { kind: "active" }>,
  { isIdle, isSurplus }: StandbyFacts,
  { nowMs, random, times }: Moment,
): Step {
  if (!isIdle) {
    const backoff = without(standby.backoff, standby.cameFor);
    return rest({ ...standby, backoff, leavesAtMs: null, cameFor: null });
  }
  if (!isSurplus) return rest({ ...standby, leavesAtMs: null });
  const leavesAtMs = standby.leavesAtMs ?? nowMs + times.settleMs * (1 + random);
  if (nowMs < leavesAtMs) return rest({ ...standby, leavesAtMs }, leavesAtMs);
  const backoff = withBackoff(standby, nowMs);
  const refreshesAtMs = nextRefresh(nowMs, random, times);
  return {
    standby: { kind: "passive", backoff, refreshesAtMs, call: null },
    act: "leave",
    againAtMs: refreshesAtMs,
  };
}

function decidePassive(
  standby: Extract<StandbyState, { kind: "passive" }>,
  facts: StandbyFacts,
  { nowMs, random, times }: Moment,
): Step {
  if (facts.unanswered >= UNANSWERED_BEFORE_REJOIN) return join(standby, null);
  const needs = facts.needs.filter(({ model }) =>
    nowMs >= (standby.backoff.get(model ?? "")?.untilMs ?? -Infinity)
  );
  const { refreshedAtMs, unanswered, peer } = facts;
  let call = stillNeeded(standby.call, needs);
  if (call !== null && refreshedAtMs >= call.atMs) {
    // The table that it decides by is never older than the time to go: another node may have come.
    if (unanswered === 0) return join(standby, call.need.model);
    call = null;
  }
  call ??= firstCall(needs, peer, { nowMs, random, times });
  const refreshesAtMs = refreshedAtMs >= standby.refreshesAtMs
    ? nextRefresh(refreshedAtMs, random, times)
    : standby.refreshesAtMs;
  const dueAtMs = Math.min(refreshesAtMs, call?.atMs ?? Infinity);
  const next = { ...standby, call, refreshesAtMs };
  return nowMs < dueAtMs
    ? rest(next, dueAtMs)
    : { standby: next, act: "refresh", againAtMs: nowMs };
}

function join(standby: StandbyState, cameFor: string | null): Step {
  const { backoff } = standby;
  return {
    standby: { kind: "active", leavesAtMs: null, cameFor, backoff },
    act: "join",
    againAtMs: null,
  };
}

function stillNeeded(
  call: Extract<StandbyState, { kind: "passive" }>["call"],
  needs: readonly Need[],
) {
  const need = needs.find(({ model }) => call !== null && model === call.need.model);
  return call === null || need === undefined ? null : { ...call, need };
}

function firstCall(
  needs: readonly Need[],
  peer: string,
  { nowMs, random, times: { spreadMs } }: Moment,
) {
  const calls = needs.map((need) => {
    return { need, atMs: nowMs + callDelayMs(peer, need, { spreadMs, random }) };
  });
  return calls.sort((a, b) => a.atMs - b.atMs)[0] ?? null;
}

function nextRefresh(refreshedAtMs: number, random: number, times: StandbyTimes): number {
  return refreshedAtMs + times.refreshMinMs + random * (times.refreshMaxMs - times.refreshMinMs);
}

/** A node that leaves without having had work ignores the need that it came for, each time for twice as long. */
function withBackoff(
  { backoff, cameFor }: Extract<StandbyState, { kind: "active" }>,
  nowMs: number,
) {
  const kept = [...backoff].filter(([, { untilMs }]) => nowMs < untilMs + STANDBY_BACKOFF_MAX_MS);
  if (cameFor === null) return new Map(kept);
  const times = (backoff.get(cameFor)?.times ?? 0) + 1;
  const awayMs = Math.min(STANDBY_BACKOFF_MS * 2 ** (times - 1), STANDBY_BACKOFF_MAX_MS);
  return new Map([...kept, [cameFor, { times, untilMs: nowMs + awayMs }]]);
}

function without(backoff: StandbyState["backoff"], model: string | null): StandbyState["backoff"] {
  if (model === null || !backoff.has(model)) return backoff;
  return new Map([...backoff].filter(([name]) => name !== model));
}

function rest(standby: StandbyState, againAtMs: number = Infinity): Step {
  return { standby, act: "nothing", againAtMs: againAtMs === Infinity ? null : againAtMs };
}
