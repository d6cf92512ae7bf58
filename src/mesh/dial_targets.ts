import {
  ALONE_PEERS_DIALLED,
  DIAL_COURTESY_MS,
  LOST_PEERS_DIALLED,
  REDIAL_MAX_MS,
} from "./defaults.ts";
import type { DialTarget } from "./dialer.ts";
import type { PeerId } from "./types.ts";

export interface DialSituation {
  readonly self: PeerId;
  /** Living members that this node wants a connection to. */
  readonly wanted: ReadonlySet<PeerId>;
  /** Members with a connection at this moment. */
  readonly connected: ReadonlySet<PeerId>;
  /**
   * Who may be out of reach only, in any order: peers of the token and of the last time, and those that
   * were found dead. Nobody who is known to live.
   */
  readonly lost: readonly PeerId[];
  /** Who said goodbye: they are on their way out, and come back by themselves. */
  readonly left: ReadonlySet<PeerId>;
  /** Rises with time: the lost take turns. */
  readonly turn: number;
}

/** Whom a member dials: those it wants, and a few of the lost in turn; as long as it is alone, all of them. */
export function dialTargets(situation: DialSituation): DialTarget[] {
  const { self, wanted, connected, left } = situation;
  const targets = new Map<PeerId, DialTarget>();
  for (const peer of lostInTurn(situation)) {
    targets.set(peer, {
      peer,
      courtesyMs: left.has(peer) ? REDIAL_MAX_MS : 0,
      maxDelayMs: REDIAL_MAX_MS,
    });
  }
  for (const peer of wanted) {
    const courtesyMs = self < peer ? 0 : DIAL_COURTESY_MS;
    targets.set(peer, { peer, courtesyMs, maxDelayMs: REDIAL_MAX_MS });
  }
  targets.delete(self);
  return [...targets.values()].filter(({ peer }) => !connected.has(peer));
}

function lostInTurn({ lost, connected, turn }: DialSituation): PeerId[] {
  const count = connected.size === 0 ? ALONE_PEERS_DIALLED : LOST_PEERS_DIALLED;
  if (lost.length <= count) return [...lost];
  const sorted = lost.toSorted();
  return Array.from(
    { length: count },
    (_, i) => sorted[(turn * count + i) % sorted.length] as PeerId,
  );
}
