import type { PeerId } from "../../mesh/mod.ts";
import { servedBy } from "./assignment/running.ts";
import { MAX_ORPHANS, MAX_ORPHANS_A_PEER, ORPHAN_LIFE_MS } from "./defaults.ts";
import type { Member } from "./view.ts";

/** A model that nobody cares for since a node is gone. */
export interface Orphan {
  readonly of: PeerId;
  /** How many others of that node came before it. */
  readonly rank: number;
  readonly untilMs: number;
}

/** The models that departed nodes have left behind: they served or wanted them, and nobody else did. */
export interface Orphans {
  /** By living node: what it serves or wants, what it serves first. */
  readonly seen: ReadonlyMap<PeerId, readonly string[]>;
  /** By name, those that matter most first. */
  readonly orphans: ReadonlyMap<string, Orphan>;
}

export const NO_ORPHANS: Orphans = { seen: new Map(), orphans: new Map() };

/**
 * Takes in the living members. A model whose last user has gone stays wanted, so that another node takes it over; it is
 * forgotten when that node is back, for then its user decides again.
 *
 * Every node wants all of them from then on, so they are few: of each node that is gone the first ones, and of all of
 * these the first of each node before the second of any. A node that leaves many behind crowds out nobody else's.
 */
export function declareLost(
  { seen, orphans }: Orphans,
  members: readonly Member[],
  nowMs: number,
): Orphans {
  const living = new Map(members.map((member) => [member.peer, namesOf(member)]));
  const next = new Map(
    [...orphans].filter(([, { of, untilMs }]) => !living.has(of) && nowMs < untilMs),
  );
  const gone = [...seen].filter(([peer]) => !living.has(peer));
  const cared = new Set(gone.length === 0 ? [] : [...living.values()].flat());
  for (const [of, names] of gone) {
    const left = [...new Set(names)].filter((name) => !cared.has(name) && !next.has(name));
    for (const [rank, name] of left.slice(0, MAX_ORPHANS_A_PEER).entries()) {
      next.set(name, { of, rank, untilMs: nowMs + ORPHAN_LIFE_MS });
    }
  }
  return { seen: living, orphans: gone.length === 0 ? next : foremost(next) };
}

/** Of the same rank those that were left first. */
function foremost(orphans: ReadonlyMap<string, Orphan>): ReadonlyMap<string, Orphan> {
  return new Map([...orphans].sort(([, a], [, b]) => a.rank - b.rank).slice(0, MAX_ORPHANS));
}

function namesOf(member: Member): string[] {
  return [...servedBy(member), ...member.wanted];
}
