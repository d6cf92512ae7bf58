import { getLogger } from "@logtape/logtape";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import { Roster } from "../../../src/mesh/gossip/roster.ts";

/** The roster of a node that listens and says nothing. Time is an argument. */
export function silentRoster(
  records: readonly MeshRecord[] = [],
  elapsed: () => number = () => 0,
): Roster {
  const roster = new Roster({
    self: peerIdOf(new Uint8Array(32).fill(0xee)),
    counter: { incarnation: 1, rise: () => {} },
    clock: { elapsed },
    logger: getLogger("test"),
    sign: () => {
      throw new Error("This node says nothing");
    },
    surroundings: () => ({ addresses: [], rttsMs: {} }),
  });
  if (records.length > 0) roster.accept(records);
  return roster;
}
