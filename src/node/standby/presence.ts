/** When a node leaves the gossip and when it joins it again. Pure: time and chance are arguments. */

import { LOOKS_BEFORE_LONELY, VAIN_MAX_MS, VAIN_MS } from "../plan/defaults.ts";
import { callDelayMs } from "./call_delay.ts";
import type { Need } from "./needs.ts";

export interface PresenceTimes {
  /** It does nothing and is one too many for this long before it leaves. */
  readonly settleMs: number;
  /** A standby looks at the routing table this often. */
  readonly lookMinMs: number;
  readonly lookMaxMs: number;
  /** The standbys that could answer a need are spread over this time. */
  readonly spreadMs: number;
}

export type Presence =
  & {
    /** Needs that it came for and was not taken for: how often, and until when it stays away. */
    readonly vain: ReadonlyMap<string, { readonly times: number; readonly untilMs: number }>;
  }
  & (
    /** It has just started, and asks whether the mesh has room before it gossips. */
    | { readonly kind: "arriving" }
    | {
      readonly kind: "active";
      /** `null` while it has work or is needed. */
      readonly leavesAtMs: number | null;
      /** What it has come for, until it has work. */
      readonly cameFor: string | null;
    }
    | {
      readonly kind: "passive";
      readonly looksAtMs: number;
      /** The need that it is about to answer. */
      readonly call: { readonly need: Need; readonly atMs: number } | null;
    }
  );

export const BEGINNING: Presence = {
  kind: "active",
  leavesAtMs: null,
  cameFor: null,
  vain: new Map(),
};

export const ARRIVING: Presence = { kind: "arriving", vain: new Map() };

export interface PresenceFacts {
  readonly peer: string;
  /** By the table, one more active node would not be one too many. */
  readonly isRoomy: boolean;
  /** It serves nothing, loads nothing, and its user wants nothing of it. */
  readonly isIdle: boolean;
  /** It is one of those that the mesh can do without. */
  readonly isSurplus: boolean;
  readonly needs: readonly Need[];
  /** When the standby last asked for the table. */
  readonly lookedAtMs: number;
  /** Looks in a row that nobody answered. */
  readonly unanswered: number;
}

export interface Moment {
  readonly nowMs: number;
  /** 0 to 1. */
  readonly random: number;
  readonly times: PresenceTimes;
}

export interface Step {
  readonly presence: Presence;
  /** `stay`: it has asked whether it should join, and stays out. */
  readonly act: "nothing" | "leave" | "stay" | "look" | "join";
  /** When to decide again if nothing happens before. */
  readonly againAtMs: number | null;
}

export function decidePresence(presence: Presence, facts: PresenceFacts, moment: Moment): Step {
  switch (presence.kind) {
    case "arriving":
      return decideArriving(presence, facts, moment);
    case "active":
      return decideActive(presence, facts, moment);
    case "passive":
      return decidePassive(presence, facts, moment);
  }
}

/** A large mesh need not hear of everybody who is switched on and has nothing to do. */
function decideArriving(
  presence: Presence,
  { lookedAtMs, unanswered, isRoomy }: PresenceFacts,
  { nowMs, random, times }: Moment,
): Step {
  if (lookedAtMs === -Infinity) return { presence, act: "look", againAtMs: nowMs };
  if (unanswered > 0 || isRoomy) return join(presence, null);
  const looksAtMs = nextLook(lookedAtMs, random, times);
  const passive = { kind: "passive", vain: presence.vain, looksAtMs, call: null } as const;
  return { presence: passive, act: "stay", againAtMs: nowMs };
}

function decideActive(
  presence: Extract<Presence, { kind: "active" }>,
  { isIdle, isSurplus }: PresenceFacts,
  { nowMs, random, times }: Moment,
): Step {
  if (!isIdle) {
    const vain = without(presence.vain, presence.cameFor);
    return rest({ ...presence, vain, leavesAtMs: null, cameFor: null });
  }
  if (!isSurplus) return rest({ ...presence, leavesAtMs: null });
  const leavesAtMs = presence.leavesAtMs ?? nowMs + times.settleMs * (1 + random);
  if (nowMs < leavesAtMs) return rest({ ...presence, leavesAtMs }, leavesAtMs);
  const vain = withVain(presence, nowMs);
  const looksAtMs = nextLook(nowMs, random, times);
  return {
    presence: { kind: "passive", vain, looksAtMs, call: null },
    act: "leave",
    againAtMs: looksAtMs,
  };
}

function decidePassive(
  presence: Extract<Presence, { kind: "passive" }>,
  facts: PresenceFacts,
  { nowMs, random, times }: Moment,
): Step {
  if (facts.unanswered >= LOOKS_BEFORE_LONELY) return join(presence, null);
  const needs = facts.needs.filter(({ model }) =>
    nowMs >= (presence.vain.get(model ?? "")?.untilMs ?? -Infinity)
  );
  const { lookedAtMs, unanswered, peer } = facts;
  let call = stillNeeded(presence.call, needs);
  if (call !== null && lookedAtMs >= call.atMs) {
    // What it goes by is never older than the time to go: somebody else may have come.
    if (unanswered === 0) return join(presence, call.need.model);
    call = null;
  }
  call ??= firstCall(needs, peer, { nowMs, random, times });
  const looksAtMs = lookedAtMs >= presence.looksAtMs
    ? nextLook(lookedAtMs, random, times)
    : presence.looksAtMs;
  const dueAtMs = Math.min(looksAtMs, call?.atMs ?? Infinity);
  const next = { ...presence, call, looksAtMs };
  return nowMs < dueAtMs ? rest(next, dueAtMs) : { presence: next, act: "look", againAtMs: nowMs };
}

function join(presence: Presence, cameFor: string | null): Step {
  const { vain } = presence;
  return {
    presence: { kind: "active", leavesAtMs: null, cameFor, vain },
    act: "join",
    againAtMs: null,
  };
}

function stillNeeded(
  call: Extract<Presence, { kind: "passive" }>["call"],
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

function nextLook(lookedAtMs: number, random: number, times: PresenceTimes): number {
  return lookedAtMs + times.lookMinMs + random * (times.lookMaxMs - times.lookMinMs);
}

/** Who goes without having had work keeps away from what it had come for, each time for twice as long. */
function withVain({ vain, cameFor }: Extract<Presence, { kind: "active" }>, nowMs: number) {
  const kept = [...vain].filter(([, { untilMs }]) => nowMs < untilMs + VAIN_MAX_MS);
  if (cameFor === null) return new Map(kept);
  const times = (vain.get(cameFor)?.times ?? 0) + 1;
  const awayMs = Math.min(VAIN_MS * 2 ** (times - 1), VAIN_MAX_MS);
  return new Map([...kept, [cameFor, { times, untilMs: nowMs + awayMs }]]);
}

function without(vain: Presence["vain"], model: string | null): Presence["vain"] {
  if (model === null || !vain.has(model)) return vain;
  return new Map([...vain].filter(([name]) => name !== model));
}

function rest(presence: Presence, againAtMs: number = Infinity): Step {
  return { presence, act: "nothing", againAtMs: againAtMs === Infinity ? null : againAtMs };
}
