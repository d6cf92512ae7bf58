import assert from "node:assert/strict";
import {
  ALONE_PEERS_DIALLED,
  DIAL_COURTESY_MS,
  LOST_PEERS_DIALLED,
  LOST_PEERS_DIALLERS,
  REDIAL_MAX_MS,
} from "../../../src/mesh/base/defaults.ts";
import { dialTargets } from "../../../src/mesh/gossip/dial_targets.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

const [LOW, SELF, HIGH, LOST] = ["a", "b", "c", "d"] as [PeerId, PeerId, PeerId, PeerId];

const SITUATION = {
  self: SELF,
  members: 2,
  wanted: new Set([LOW, HIGH]),
  connected: new Set<PeerId>(),
  left: new Set<PeerId>(),
  strangers: [] as PeerId[],
  lost: [] as PeerId[],
  turn: 0,
};

const peersOf = (targets: { peer: PeerId }[]) => targets.map(({ peer }) => peer);

Deno.test("every wanted member is dialled, by the lower PeerId first", () => {
  assert.deepEqual(
    dialTargets(SITUATION).map(({ peer, courtesyMs }) => [peer, courtesyMs]),
    [[LOW, DIAL_COURTESY_MS], [HIGH, 0]],
  );
});

Deno.test("a connected peer is not dialled, and this node never dials itself", () => {
  const targets = dialTargets({ ...SITUATION, connected: new Set([LOW]), lost: [SELF, LOST] });
  assert.deepEqual(peersOf(targets), [LOST, HIGH]);
});

Deno.test("the lost take turns, a few at a time, and none is forgotten", () => {
  const lost = Array.from({ length: 7 }, (_, i) => `lost-${i}` as PeerId);
  const situation = { ...SITUATION, wanted: new Set<PeerId>(), connected: new Set([LOW]), lost };
  const dialled = new Set<PeerId>();
  for (let turn = 0; turn < 7; turn++) {
    const targets = peersOf(dialTargets({ ...situation, turn }));
    assert.equal(targets.length, LOST_PEERS_DIALLED);
    for (const peer of targets) dialled.add(peer);
  }
  assert.equal(dialled.size, lost.length);
});

Deno.test("in a large mesh each dials the lost more rarely, and all of them together as often", () => {
  const lost = Array.from({ length: 5 }, (_, i) => `lost-${i}` as PeerId);
  const connected = new Set([LOW]);
  for (const members of [9, 200, 1_000]) {
    const turns = Array.from({ length: members }, (_, turn) => turn);
    const dials = turns.map((turn) =>
      peersOf(dialTargets({ ...SITUATION, wanted: connected, connected, members, lost, turn }))
    );
    const diallers = dials.filter(({ length }) => length > 0).length;
    assert.ok(diallers > LOST_PEERS_DIALLERS / 2 && diallers <= LOST_PEERS_DIALLERS);
    assert.equal(new Set(dials.flat()).size, lost.length);
  }
});

Deno.test("a stranger that is no member of the mesh is dialled in each turn, however large it is", () => {
  const connected = new Set([LOW]);
  for (const turn of [0, 1, 2, 3]) {
    const situation = { ...SITUATION, wanted: connected, connected, members: 1_000, turn };
    assert.deepEqual(peersOf(dialTargets({ ...situation, strangers: [LOST] })), [LOST]);
    const isTurn = turn === 0;
    const dead = dialTargets({ ...situation, strangers: [LOST], lost: [LOST] });
    assert.deepEqual(peersOf(dead), isTurn ? [LOST] : []);
  }
});

Deno.test("a node that has lost everybody dials all whom it knows, up to a limit", () => {
  const lost = Array.from({ length: 50 }, (_, i) => `lost-${i}` as PeerId);
  const alone = { ...SITUATION, wanted: new Set<PeerId>(), lost };
  assert.equal(dialTargets({ ...alone, lost: lost.slice(0, 20) }).length, 20);
  assert.equal(dialTargets(alone).length, ALONE_PEERS_DIALLED);
});

Deno.test("a node that said goodbye is left time to be gone and to come back by itself", () => {
  const situation = { ...SITUATION, wanted: new Set<PeerId>(), lost: [LOST] };
  const [target] = dialTargets({ ...situation, left: new Set([LOST]) });
  assert.equal(target?.courtesyMs, REDIAL_MAX_MS);
});
