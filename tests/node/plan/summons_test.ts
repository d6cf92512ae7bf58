import assert from "node:assert/strict";
import { putToRest, shouldRest, wakeUp } from "../../../src/node/plan/rest.ts";
import { modelToSummon, Summons } from "../../../src/node/plan/summons.ts";
import type { Wishes } from "../../../src/node/plan/wishes.ts";

function holder(memoryBytes: number, ...names: [name: string, needBytes: number][]) {
  return {
    memoryBytes,
    assignable: true,
    target: null,
    dropped: [],
    failures: [],
    models: names.map(([name, needBytes]) => ({ name, sizeBytes: 1, fingerprint: "f", needBytes })),
  };
}

Deno.test("modelToSummon() takes what somebody has and could run, and nothing else", () => {
  const members = [holder(10, ["Small", 5], ["huge", 50]), holder(100, ["large", 60])];
  assert.equal(modelToSummon("Small", members), "Small");
  assert.equal(modelToSummon("SMALL", members), "Small");
  assert.equal(modelToSummon("large", members), "large");
  assert.equal(modelToSummon("huge", members), undefined);
  assert.equal(
    modelToSummon("Qwen3-8B-Q4_K_M", members),
    undefined,
    "nothing is downloaded for it",
  );
});

Deno.test("modelToSummon() changes nothing that a user has decided, and nothing that was tried in vain", () => {
  const able = holder(10, ["small", 5]);
  const other = { name: "other", fingerprint: "f" };
  const told = { name: "small", fingerprint: "f" };
  const failures = [{ model: "small", reason: "no" }];
  const rows = [
    [{ assignable: false, target: other }, undefined],
    [{ assignable: false, target: told }, undefined],
    [{ target: told }, undefined],
    [{ target: other }, "small"],
    [{ dropped: ["small"] }, undefined],
    [{ failures }, undefined],
  ] as const;
  for (const [changes, expected] of rows) {
    assert.equal(modelToSummon("small", [{ ...able, ...changes }]), expected);
  }
});

Deno.test("Summons wants a model for ten minutes after the last request", () => {
  const summons = new Summons();
  summons.call("a", 0);
  summons.call("b", 300_000);
  assert.deepEqual(summons.names(599_999), ["a", "b"]);
  assert.deepEqual(summons.names(600_000), ["b"]);
  summons.end("b");
  assert.deepEqual(summons.names(600_000), []);
});

Deno.test("shouldRest() waits for the time since the last answer, and for nobody else to want it", () => {
  const input = { idleMs: 900, nowMs: 1_000, idleSinceMs: 100, isWantedElsewhere: false };
  assert.equal(shouldRest(input), true);
  assert.equal(shouldRest({ ...input, idleMs: 901 }), false);
  assert.equal(shouldRest({ ...input, idleMs: null }), false);
  assert.equal(shouldRest({ ...input, idleSinceMs: undefined }), false, "an answer is being given");
  assert.equal(shouldRest({ ...input, isWantedElsewhere: true }), false);
});

const MODEL = { name: "m", fingerprint: "f" };

Deno.test("putToRest() and wakeUp() end with what the user wanted", () => {
  const told: Wishes = { told: MODEL, wanted: ["m", "n"], dropped: ["x"], resting: [] };
  const { wishes, resting } = putToRest(told, MODEL);
  assert.deepEqual(wishes, { told: null, wanted: ["n"], dropped: ["x"], resting: ["m"] });
  assert.deepEqual(wakeUp(wishes, resting), told);
  const other = { name: "o", fingerprint: "f" };
  const meanwhile = { ...wishes, told: other };
  assert.deepEqual(wakeUp(meanwhile, resting), { ...meanwhile, resting: [] });
  const free: Wishes = { told: null, wanted: [], dropped: [], resting: [] };
  const helper = putToRest(free, MODEL);
  assert.deepEqual(wakeUp(helper.wishes, helper.resting), free);
});
