import assert from "node:assert/strict";
import { RELAY_COALESCE_MS } from "../../../src/mesh/base/defaults.ts";
import { relayFanout } from "../../../src/mesh/gossip/overlay.ts";
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import { Relay, relayTargets } from "../../../src/mesh/gossip/relay.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { Random } from "../../simulator/random.ts";

const linked = Array.from({ length: 12 }, (_, i) => `peer-${i}` as PeerId);
const [SENDER, SIGNER, TOLD] = linked as [PeerId, PeerId, PeerId];

const record = (seq: number): MeshRecord => ({
  subject: SIGNER,
  signer: SIGNER,
  status: "alive",
  incarnation: 1,
  seq,
  announcement: null,
  bytes: Uint8Array.of(seq),
});

const SITUATION = {
  linked,
  heardFrom: [SENDER],
  told: { [TOLD]: 1 },
  members: 200,
  random: new Random(1).next,
};

Deno.test("news are passed on to a few, and to nobody who has them", () => {
  for (let i = 0; i < 50; i++) {
    const targets = relayTargets(record(1), SITUATION);
    assert.equal(new Set(targets).size, relayFanout(SITUATION.members));
    assert.ok([SENDER, SIGNER, TOLD].every((peer) => !targets.includes(peer)));
  }
});

Deno.test("a node that hears the same from more sides passes it on to fewer, at last to nobody", () => {
  const fanout = relayFanout(SITUATION.members);
  for (let again = 0; again <= fanout + 1; again++) {
    const heardFrom = linked.slice(3, 4 + again);
    const targets = relayTargets(record(1), { ...SITUATION, heardFrom });
    assert.equal(targets.length, Math.max(fanout - again, 0));
    assert.ok(targets.every((peer) => !heardFrom.includes(peer)));
  }
});

Deno.test("news wait for what else there is, and for who else has them", () => {
  const timers: { delayMs: number; run: () => void }[] = [];
  const passed: [number, PeerId[]][] = [];
  const relay = new Relay(({ seq }, heardFrom) => passed.push([seq, [...heardFrom]]), {
    after: (delayMs, run) => {
      timers.push({ delayMs, run });
      return () => {};
    },
  });
  const [first, second] = [record(1), record(2)];
  relay.heard(first, SENDER);
  relay.heard(second, TOLD);
  relay.heardAgain(first, TOLD);
  assert.deepEqual(timers.map(({ delayMs }) => delayMs), [RELAY_COALESCE_MS]);
  assert.equal(passed.length, 0);
  timers[0]?.run();
  assert.deepEqual(passed, [[1, [SENDER, TOLD]], [2, [TOLD]]]);
  relay.heardAgain(first, SENDER);
  relay.heard(record(3), SENDER);
  timers[1]?.run();
  assert.deepEqual(passed[2], [3, [SENDER]]);
});
