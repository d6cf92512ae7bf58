import assert from "node:assert/strict";
import { DIAL_COURTESY_MS, REDIAL_DEAD_MS, REDIAL_MAX_MS } from "../../src/mesh/defaults.ts";
import { dialTargets } from "../../src/mesh/dial_targets.ts";
import { peerIdOf } from "../../src/mesh/keys.ts";
import type { Announcement, PeerId } from "../../src/mesh/types.ts";
import { content } from "./content.ts";

const [LOW, SELF, HIGH] = [1, 2, 3].map((i) => peerIdOf(new Uint8Array(32).fill(i))).sort() as [
  PeerId,
  PeerId,
  PeerId,
];

function member(peer: PeerId): Announcement {
  return { ...content(), peer, addresses: [`/at/${peer}`], rttsMs: {}, incarnation: 1, seq: 1 };
}

const SITUATION = {
  self: SELF,
  members: [member(LOW), member(HIGH)],
  connected: new Set<PeerId>(),
  left: new Set<PeerId>(),
  stored: new Map([[SELF, ["/own"]], [HIGH, ["/old"]]]),
  lastGood: new Map<PeerId, string>(),
};

Deno.test("every living member is dialled at what it announces, by the lower PeerId first", () => {
  assert.deepEqual(
    dialTargets(SITUATION).map(({ peer, addresses, courtesyMs }) => [peer, addresses, courtesyMs]),
    [[HIGH, [`/at/${HIGH}`], 0], [LOW, [`/at/${LOW}`], DIAL_COURTESY_MS]],
  );
});

Deno.test("who is connected is not dialled, and where it was reached before comes first", () => {
  const connected = new Set([LOW]);
  const lastGood = new Map([[HIGH, "/good"]]);
  const [target, ...others] = dialTargets({ ...SITUATION, connected, lastGood });
  assert.deepEqual(target?.addresses, ["/good", `/at/${HIGH}`]);
  assert.deepEqual(others, []);
});

Deno.test("peers of the last time are dialled with haste while this node is alone, and at leisure later", () => {
  const alone = dialTargets({ ...SITUATION, members: [] });
  assert.deepEqual(alone, [{
    peer: HIGH,
    addresses: ["/old"],
    courtesyMs: 0,
    maxDelayMs: REDIAL_MAX_MS,
  }]);
  const [later] = dialTargets({ ...SITUATION, members: [], connected: new Set([LOW]) });
  assert.equal(later?.maxDelayMs, REDIAL_DEAD_MS);
});

Deno.test("who said goodbye is left time to be gone and to come back by itself", () => {
  const [target] = dialTargets({ ...SITUATION, members: [], left: new Set([HIGH]) });
  assert.equal(target?.courtesyMs, REDIAL_MAX_MS);
});
