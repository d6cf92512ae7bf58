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

/** The names of what a living node serves or wants, what it serves first. */
interface Seen {
  readonly missed: readonly string[];
  /** It has loaded these for requests alone: only their callers miss them, who ask again. */
  readonly passing: readonly string[];
}

/** The models that departed nodes have left behind: they served or wanted them, and nobody else did. */
export interface Orphans {
  /** By living node. */
  readonly seen: ReadonlyMap<PeerId, Seen>;
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
  const meant = new Set([...members.flatMap(({ wanted }) => wanted), ...orphans.keys()]);
  const living = new Map(
    members.map((member) => [member.peer, look(member, meant, seen.get(member.peer))]),
  );
  const next = new Map(
    [...orphans].filter(([, { of, untilMs }]) => !living.has(of) && nowMs < untilMs),
  );
  const gone = [...seen].filter(([peer]) => !living.has(peer));
  const cared = new Set(gone.length === 0 ? [] : members.flatMap(namesOf));
  for (const [of, { missed }] of gone) {
    const left = [...new Set(missed)].filter((name) => !cared.has(name) && !next.has(name));
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

/** A claim is withdrawn for a moment when its model is about to give way, and no news of how it came there. */
function look(
  member: Member,
  meant: ReadonlySet<string>,
  { missed, passing }: Seen = { missed: [], passing: [] },
): Seen {
  const claimed = member.claims.map(({ model }) => model);
  const isPassing = (name: string) =>
    !meant.has(name) && !missed.includes(name) &&
    (claimed.includes(name) || passing.includes(name));
  const names = namesOf(member);
  return {
    missed: names.filter((name) => !isPassing(name)),
    passing: names.filter(isPassing),
  };
}

function namesOf(member: Member): string[] {
  return [...servedBy(member), ...member.wanted];
}
