import type { PeerId } from "../mesh/mod.ts";
import { servedBy } from "./assignment/stock.ts";
import { ORPHAN_LIFE_MS } from "./defaults.ts";
import type { Member } from "./view.ts";

/** What nodes that are gone have left behind: models that they served or wanted, and nobody else did. */
export interface Orphans {
  /** By living node: what it serves or wants. */
  readonly seen: ReadonlyMap<PeerId, readonly string[]>;
  readonly orphans: ReadonlyMap<string, { readonly of: PeerId; readonly untilMs: number }>;
}

export const NO_ORPHANS: Orphans = { seen: new Map(), orphans: new Map() };

/**
 * Takes in who lives now. A model whose last friend has gone stays wanted, so that another node takes
 * it over; it is forgotten when that node is back, for then its user decides again.
 */
export function mourn(
  { seen, orphans }: Orphans,
  members: readonly Member[],
  nowMs: number,
): Orphans {
  const living = new Map(members.map((member) => [member.peer, namesOf(member)]));
  const next = new Map(
    [...orphans].filter(([, { of, untilMs }]) => !living.has(of) && nowMs < untilMs),
  );
  const gone = [...seen].filter(([peer]) => !living.has(peer));
  const cared = gone.length === 0 ? [] : [...living.values()].flat();
  for (const [peer, names] of gone) {
    for (const name of names) {
      if (!cared.includes(name) && !next.has(name)) {
        next.set(name, { of: peer, untilMs: nowMs + ORPHAN_LIFE_MS });
      }
    }
  }
  return { seen: living, orphans: next };
}

function namesOf(member: Member): string[] {
  const served = servedBy(member);
  return served === null ? [...member.wanted] : [...member.wanted, served];
}
