import { CROSSING_DIALS_MS } from "./limits.ts";

/** One of several connections to a peer. */
export interface Duplicate {
  readonly direction: "inbound" | "outbound";
  readonly openedAtMs: number;
}

export interface Choice<T> {
  /** For new streams. */
  readonly keep: T;
  /** To be closed once their streams have ended. */
  readonly drain: readonly T[];
}

export interface Ends {
  readonly self: string;
  readonly peer: string;
}

/**
 * Chooses which of the connections to a peer stays. Of two dials that crossed, the one of the lower PeerId; otherwise
 * the newest, since a peer that dials anew no longer uses the earlier one. Both ends come to the same choice without a
 * message. Pure.
 */
export function chooseConnection<T extends Duplicate>(
  connections: readonly T[],
  ends: Ends,
): Choice<T> | undefined {
  const newestMs = Math.max(...connections.map(({ openedAtMs }) => openedAtMs));
  const crossing = connections.filter(({ openedAtMs }) =>
    newestMs - openedAtMs <= CROSSING_DIALS_MS
  );
  const [keep] = crossing.toSorted((a, b) => lowerPeersDialFirst(a, b, ends) || newestFirst(a, b));
  if (keep === undefined) return undefined;
  return { keep, drain: connections.filter((one) => one !== keep && mayDrain(one, keep)) };
}

function lowerPeersDialFirst(a: Duplicate, b: Duplicate, { self, peer }: Ends): number {
  const lowersDial = self < peer ? "outbound" : "inbound";
  return Number(b.direction === lowersDial) - Number(a.direction === lowersDial);
}

function newestFirst(a: Duplicate, b: Duplicate): number {
  return b.openedAtMs - a.openedAtMs;
}

/** Two dials of one node may arrive in another order than they left: only that node knows the newer one. */
function mayDrain(one: Duplicate, keep: Duplicate): boolean {
  return one.direction !== keep.direction || one.direction === "outbound";
}
