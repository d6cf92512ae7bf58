import assert from "node:assert/strict";
import { peerWorkersOf, type WorkerPlan } from "../../../src/node/plan/peer_workers.ts";
import type { Instance, ModelRef } from "../../../src/mesh/mod.ts";
import { BIG, instance, peer, SMALL } from "../members.ts";

const plan: WorkerPlan = { kind: "worker", model: BIG, host: peer("h"), term: 3 };
const workers = [{ peer: peer("a"), share: 0.5 }, { peer: peer("b"), share: 0.5 }];

function running(model: ModelRef, term: number, workers: Instance["workers"]): Instance {
  return { ...instance(model, "warm"), term, workers };
}

const members = [
  { peer: peer("h"), instances: [running(SMALL, 3, []), running(BIG, 3, workers)] },
  { peer: peer("x"), instances: [running(BIG, 3, [{ peer: peer("evil"), share: 1 }])] },
];

const rows: [fact: string, actual: readonly string[], expected: readonly string[]][] = [
  ["the host of this term names them", peerWorkersOf(plan, members, "3.7.0"), ["a", "b"]],
  ["stock rpc-servers call nobody", peerWorkersOf(plan, members, "8.0.0"), []],
  ["not of another term", peerWorkersOf({ ...plan, term: 4 }, members, "3.7.0"), []],
  [
    "not while the host is unknown",
    peerWorkersOf({ ...plan, host: peer("y") }, members, "3.7.0"),
    [],
  ],
  [
    "not those of the host's other split",
    peerWorkersOf({ ...plan, model: SMALL }, members, "3.7.0"),
    [],
  ],
];

for (const [fact, actual, expected] of rows) {
  Deno.test(`peerWorkersOf(): ${fact}`, () => assert.deepEqual(actual, expected.map(peer)));
}
