import assert from "node:assert/strict";
import { GIVE_UP_MS } from "../../src/node/defaults.ts";
import { type Duty, idleDuty } from "../../src/node/duty.ts";
import type { Plan } from "../../src/node/plan.ts";
import { Setbacks } from "../../src/node/setbacks.ts";
import { member, peer, SMALL, view } from "./members.ts";

const SOLO: Plan = { kind: "solo", model: SMALL, needBytes: 10 };
const HOST: Plan = {
  kind: "host",
  model: SMALL,
  hostShare: 0.5,
  workers: [{ peer: peer("b"), share: 0.5 }],
  needBytes: 10,
  haveBytes: 20,
};
const alone = view(member("a", 60), []);

function look(setbacks: Setbacks, duty: Duty, nowMs: number, changes = {}) {
  return setbacks.look({ duty, view: alone, isClaimed: true, nowMs, ...changes });
}

function broken(plan: Plan): Duty {
  return idleDuty(plan, null, "out of memory");
}

Deno.test("a failure is told once, and counts until something answers", () => {
  const setbacks = new Setbacks();
  assert.deepEqual(look(setbacks, broken(SOLO), 5), {
    plan: SOLO,
    broken: true,
    brokenAtMs: 5,
    failures: 1,
    failure: "out of memory",
  });
  assert.equal(look(setbacks, broken(SOLO), 6).failure, undefined);
  setbacks.replaced("same");
  assert.equal(look(setbacks, broken(SOLO), 7).failures, 2);
  setbacks.replaced("same");
  const server = { baseUrl: "", apiKey: null };
  assert.equal(look(setbacks, { ...idleDuty(SOLO, null), server }, 8).failures, 0);
});

Deno.test("a host without one of its workers is broken", () => {
  const setbacks = new Setbacks();
  const duty = idleDuty(HOST, null);
  assert.equal(
    look(setbacks, duty, 1, { view: view(member("a", 60), [member("b", 60)]) }).broken,
    false,
  );
  assert.equal(look(setbacks, duty, 2).failure, "worker b is gone");
});

Deno.test("what the mesh asked for is given up for a while once it has failed three times, a download at once", () => {
  const setbacks = new Setbacks();
  for (const nowMs of [1, 2, 3]) {
    assert.deepEqual(setbacks.refuses(nowMs), []);
    look(setbacks, broken(SOLO), nowMs);
    setbacks.replaced("same");
  }
  look(setbacks, broken({ kind: "download", name: "far" }), 4);
  assert.deepEqual(setbacks.refuses(4), ["small", "far"]);
  assert.deepEqual(setbacks.retriesAtMs(4), [GIVE_UP_MS + 3, GIVE_UP_MS + 4]);
  assert.deepEqual(setbacks.refuses(GIVE_UP_MS + 3), ["far"]);
});

Deno.test("what the user told this node to serve is never given up", () => {
  const setbacks = new Setbacks();
  for (const nowMs of [1, 2, 3, 4]) {
    look(setbacks, broken(SOLO), nowMs, { isClaimed: false });
    setbacks.replaced("same");
  }
  assert.deepEqual(setbacks.refuses(5), []);
});
