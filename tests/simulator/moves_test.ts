/** A simulation that sees no move undone proves nothing unless one that is would be seen. */

import assert from "node:assert/strict";
import type { Plan } from "../../src/node/plan/plan.ts";
import { BIG, peer } from "../node/members.ts";
import { Moves } from "./moves.ts";
import type { SimNode } from "./sim_node.ts";

const NODE = { name: "node 0" } as SimNode;
const SOLO: Plan = { kind: "solo", model: BIG, needBytes: 1 };
const WORKER: Plan = { kind: "worker", model: BIG, host: peer("host"), term: 1 };

type Step = readonly [seconds: number, plans: readonly Plan[] | "reason" | "end"];

/** How much is undone by these steps, each at its second. */
function undone(...steps: readonly Step[]): number {
  let nowMs = 0;
  const moves = new Moves(() => nowMs);
  return steps.flatMap(([seconds, what]) => {
    nowMs = seconds * 1_000;
    if (what === "reason") moves.reason();
    else if (what === "end") moves.forget(NODE);
    else return moves.look(NODE, what);
    return [];
  }).length;
}

const table: readonly (readonly [string, number, readonly Step[]])[] = [
  ["a model that is given up at once", 1, [[100, [SOLO]], [200, []]]],
  ["one that is given up, and taken again", 1, [[0, "reason"], [0, [SOLO]], [400, []], [500, [
    SOLO,
  ]]]],
  ["a host that is changed, and changed back", 1, [
    [0, "reason"],
    [0, [SOLO]],
    [400, [WORKER]],
    [500, [SOLO]],
  ]],
  ["moves that go on", 0, [[100, [SOLO]], [200, [WORKER]]]],
  ["a further term of the same split", 0, [[100, [WORKER]], [200, [{ ...WORKER, term: 2 }]]]],
  ["a new reason before it", 0, [[100, [SOLO]], [150, "reason"], [200, []]]],
  ["the reason of the move, heard of by one after the other", 0, [
    [95, "reason"],
    [100, [SOLO]],
    [101, []],
  ]],
  ["five minutes later", 0, [[100, [SOLO]], [401, []]]],
  ["a process that ends and starts again", 0, [[100, [SOLO]], [200, "end"], [220, [SOLO]]]],
  ["plans that only wait", 0, [
    [100, [{ kind: "follow", model: BIG, host: peer("host") }]],
    [200, []],
  ]],
];

for (const [name, expected, steps] of table) {
  Deno.test(`a move without a reason: ${name}`, () => assert.equal(undone(...steps), expected));
}
