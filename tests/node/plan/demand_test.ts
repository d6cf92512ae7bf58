import assert from "node:assert/strict";
import fc from "fast-check";
import {
  countRequest,
  countUntilAborted,
  Demand,
  nextStep,
} from "../../../src/node/plan/demand.ts";
import { SMALL } from "../members.ts";

const MINUTE = 60_000;

Deno.test("demand is the number of requests in flight, once they have been there for a while", () => {
  const demand = new Demand();
  for (let index = 0; index < 4; index++) demand.begin("x", 0);
  assert.deepEqual(demand.steps(1_000), {});
  assert.deepEqual(demand.steps(10 * MINUTE), { x: 4 });
});

Deno.test("demand decays once nobody asks, until nothing is left of it", () => {
  const demand = new Demand();
  demand.begin("x", 0);
  demand.end("x", 5 * MINUTE);
  assert.deepEqual(demand.steps(5 * MINUTE), { x: 1 });
  assert.deepEqual(demand.steps(7 * MINUTE), { x: 0.25 });
  assert.ok(demand.isThere);
  assert.deepEqual(demand.steps(20 * MINUTE), {});
  assert.ok(!demand.isThere);
});

Deno.test("many short requests count like one long one", () => {
  const demand = new Demand();
  for (let atMs = 0; atMs < 10 * MINUTE; atMs += 100) {
    demand.begin("x", atMs);
    demand.end("x", atMs + 90);
  }
  assert.deepEqual(demand.steps(10 * MINUTE), { x: 1 });
});

Deno.test("countRequest() counts what is served, however it ends", async () => {
  const demand = new Demand();
  const failing = countRequest(demand, (counting) => {
    assert.equal(counting(SMALL, null), null);
    assert.ok(!demand.isThere, "nobody serves it here");
    assert.equal(counting(SMALL, "server"), "server");
    assert.ok(demand.isThere);
    return Promise.reject(new Error("The caller is gone"));
  });
  await assert.rejects(failing, /gone/);
  demand.steps(Date.now());
  assert.ok(!demand.isThere);
});

Deno.test("countUntilAborted() counts each request to its own end, and an ended one not at all", () => {
  const demand = new Demand();
  const requests = Array.from({ length: 3 }, () => new AbortController());
  for (const { signal } of requests) countUntilAborted(demand, "x", signal, () => 0);
  countUntilAborted(demand, "x", AbortSignal.abort(), () => 0);
  assert.deepEqual(demand.steps(10 * MINUTE), { x: 4 });
  const idleSinceMs = requests.map((request, index) => {
    countUntilAborted(demand, "x", request.signal, () => index + 1); // asked again, as after a failure
    request.abort();
    return demand.idleSinceMs("x");
  });
  assert.deepEqual(idleSinceMs, [undefined, undefined, 3]);
});

Deno.test("nextStep() is a power of two, and does not flap for drift around an edge", () => {
  fc.assert(fc.property(fc.double({ min: 0.2, max: 500, noNaN: true }), (average) => {
    const step = nextStep(undefined, average);
    assert.ok(Number.isInteger(Math.log2(step)) && step >= average && step / 2 < average);
    for (const drift of [0.85, 1.15]) {
      assert.equal(
        nextStep(nextStep(step, average * drift), average),
        nextStep(step, average * drift),
      );
    }
  }));
});
