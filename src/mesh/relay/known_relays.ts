/** The relays of a mesh as a member knows them: its own, and those that others announce. Pure. */

import type { RelayPlace } from "../base/announcement.ts";
import { MAX_RELAYS } from "../base/defaults.ts";
import { MAX_RELAY_ADDRESSES } from "../base/message_defaults.ts";
import type { PeerId } from "../base/peer_id.ts";

/** With a place for a relay that was reached just now: the address that worked first, then those that are told, then older ones. */
export function withReached(
  kept: readonly RelayPlace[],
  { peer, address, told }: {
    readonly peer: PeerId;
    /** `null` where the relay has dialled. */
    readonly address: string | null;
    readonly told: readonly string[];
  },
): readonly RelayPlace[] {
  const before = kept.find((one) => one.peer === peer)?.addresses ?? [];
  const all = [...(address === null ? [] : [address]), ...told, ...before];
  const addresses = [...new Set(all)].slice(0, MAX_RELAY_ADDRESSES);
  if (addresses.length === 0) return kept;
  return [{ peer, addresses }, ...kept.filter((one) => one.peer !== peer)].slice(0, MAX_RELAYS);
}

/**
 * The relays to be connected to, this node's own first. Of those that others announce only so many count that nobody
 * makes this node dial a list of strangers.
 */
export function knownRelays(
  kept: readonly RelayPlace[],
  told: Iterable<RelayPlace>,
): ReadonlyMap<PeerId, readonly string[]> {
  const known = new Map<PeerId, readonly string[]>();
  for (const { peer, addresses } of [...kept, ...told]) {
    const before = known.get(peer);
    if (before === undefined && known.size >= MAX_RELAYS) continue;
    const all = new Set([...before ?? [], ...addresses]);
    known.set(peer, [...all].slice(0, 2 * MAX_RELAY_ADDRESSES));
  }
  return known;
}
