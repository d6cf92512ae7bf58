import {
  ALONE_PEERS_DIALLED,
  DIAL_COURTESY_MS,
  LOST_PEERS_DIALLED,
  LOST_PEERS_DIALLERS,
  REDIAL_MAX_MS,
} from "../base/defaults.ts";
import type { DialTarget } from "./dialer.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface DialSituation {
  readonly self: PeerId;
  /** How many others live. */
  readonly members: number;
  /** Living members that this node wants a connection to. */
  readonly wanted: ReadonlySet<PeerId>;
  /** Members with a connection at this moment. */
  readonly connected: ReadonlySet<PeerId>;
  /** Peers of the token and of the last time that are not known to live, in any order. */
  readonly strangers: readonly PeerId[];
  /** Nodes that were declared dead and may only be out of reach, in any order: all members know them. */
  readonly lost: readonly PeerId[];
  /** Nodes that said goodbye: they are on their way out, and come back by themselves. */
  readonly left: ReadonlySet<PeerId>;
  /** Rises with time: the lost take turns. Each member has begun to count somewhere else. */
  readonly turn: number;
}

/**
 * The nodes that a member dials: those it wants, a few of its strangers in turn, and now and then a few of the lost; as
 * long as it is alone, all of them.
 */
export function dialTargets(situation: DialSituation): DialTarget[] {
  const { self, wanted, connected, left } = situation;
  const targets = new Map<PeerId, DialTarget>();
  for (const peer of awayInTurn(situation)) {
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

function awayInTurn({ strangers, lost, connected, members, turn }: DialSituation): PeerId[] {
  if (connected.size === 0) {
    return inTurn([...new Set([...strangers, ...lost])], turn, ALONE_PEERS_DIALLED);
  }
  const known = new Set(lost);
  const own = strangers.filter((peer) => !known.has(peer));
  // A member that finds a lost one finds it for all, so the more are looking the less each of them has to.
  const every = Math.max(1, Math.ceil(members / LOST_PEERS_DIALLERS));
  const shared = turn % every === 0 ? inTurn(lost, turn / every, LOST_PEERS_DIALLED) : [];
  return [...inTurn(own, turn, LOST_PEERS_DIALLED), ...shared];
}

function inTurn(peers: readonly PeerId[], turn: number, count: number): PeerId[] {
  if (peers.length <= count) return [...peers];
  const sorted = peers.toSorted();
  return Array.from(
    { length: count },
    (_, i) => sorted[(turn * count + i) % sorted.length] as PeerId,
  );
}
