import { dialOrder } from "./addresses.ts";
import { DIAL_COURTESY_MS, REDIAL_DEAD_MS, REDIAL_MAX_MS } from "./defaults.ts";
import type { DialTarget } from "./dialer.ts";
import type { Announcement, PeerId } from "./types.ts";

export interface DialSituation {
  readonly self: PeerId;
  readonly members: readonly Announcement[];
  /** Members with a connection at this moment. */
  readonly connected: ReadonlySet<PeerId>;
  /** Who said goodbye: they are on their way out, and come back by themselves. */
  readonly left: ReadonlySet<PeerId>;
  /** Peers of the token and of the last time. */
  readonly stored: ReadonlyMap<PeerId, readonly string[]>;
  /** Where a peer was reached before. */
  readonly lastGood: ReadonlyMap<PeerId, string>;
}

/** Whom a member dials: every living member; the peers it knows from before at leisure, and with all haste while it is alone. */
export function dialTargets(situation: DialSituation): DialTarget[] {
  const { members, connected, left, stored } = situation;
  const maxDelayMs = connected.size === 0 ? REDIAL_MAX_MS : REDIAL_DEAD_MS;
  const targets = new Map<PeerId, DialTarget>();
  for (const [peer, addresses] of stored) {
    const courtesyMs = left.has(peer) ? maxDelayMs : 0;
    targets.set(peer, { peer, addresses, courtesyMs, maxDelayMs });
  }
  for (const member of members) targets.set(member.peer, memberTarget(member, situation));
  targets.delete(situation.self);
  return [...targets.values()].filter(({ peer }) => !connected.has(peer));
}

function memberTarget(
  { peer, addresses: announced }: Announcement,
  { self, lastGood }: DialSituation,
): DialTarget {
  const good = lastGood.get(peer);
  const addresses = dialOrder(good === undefined ? announced : [good, ...announced], good);
  const courtesyMs = self < peer ? 0 : DIAL_COURTESY_MS;
  return { peer, addresses, courtesyMs, maxDelayMs: REDIAL_MAX_MS };
}
