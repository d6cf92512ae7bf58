import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import { Roster } from "../../../src/mesh/gossip/roster.ts";

/** The roster of a node that listens and says nothing. Time is an argument. */
export function silentRoster(
  records: readonly MeshRecord[] = [],
  elapsed: () => number = () => 0,
): Roster {
  const self = peerIdOf(new Uint8Array(32).fill(0xee));
  const roster = new Roster({ self, clock: { elapsed } });
  if (records.length > 0) roster.accept(records);
  return roster;
}
