import assert from "node:assert/strict";
import { reloading, shouldUnload, unloading } from "../../../src/node/plan/idle_models.ts";
import { LoadRequests, modelToRequest } from "../../../src/node/plan/load_requests.ts";
import type { Wishes } from "../../../src/node/plan/wishes.ts";

function holder(memoryBytes: number, ...names: [name: string, needBytes: number][]) {
  return {
    memoryBytes,
    assignable: true,
    targets: [],
    dropped: [],
    failures: [],
    models: names.map(([name, needBytes]) => ({ name, sizeBytes: 1, fingerprint: "f", needBytes })),
  };
}

Deno.test("modelToRequest() takes what somebody has and could run, and nothing else", () => {
  const members = [holder(10, ["Small", 5], ["huge", 50]), holder(100, ["large", 60])];
  assert.equal(modelToRequest("Small", members), "Small");
  assert.equal(modelToRequest("SMALL", members), "Small");
  assert.equal(modelToRequest("large", members), "large");
  assert.equal(modelToRequest("huge", members), undefined);
  assert.equal(
    modelToRequest("Qwen3-8B-Q4_K_M", members),
    undefined,
    "nothing is downloaded for it",
  );
});

Deno.test("modelToRequest() changes nothing that a user has decided, and no model that failed before", () => {
  const able = holder(10, ["small", 5]);
  const other = { name: "other", fingerprint: "f" };
  const pinned = { name: "small", fingerprint: "f" };
  const failures = [{ model: "small", reason: "no" }];
  const rows = [
    [{ assignable: false, targets: [other] }, undefined],
    [{ assignable: false, targets: [pinned] }, undefined],
    [{ targets: [pinned] }, undefined],
    [{ targets: [other] }, "small"],
    [{ dropped: ["small"] }, undefined],
    [{ failures }, undefined],
  ] as const;
  for (const [changes, expected] of rows) {
    assert.equal(modelToRequest("small", [{ ...able, ...changes }]), expected);
  }
});

Deno.test("LoadRequests wants a model for ten minutes after the last request", () => {
  const requests = new LoadRequests();
  requests.call("a", 0);
  requests.call("b", 300_000);
  assert.deepEqual(requests.names(599_999), ["a", "b"]);
  assert.deepEqual(requests.names(600_000), ["b"]);
  requests.end("b");
  assert.deepEqual(requests.names(600_000), []);
});

Deno.test("shouldUnload() waits for the time since the last answer, and for nobody else to want it", () => {
  const input = { idleMs: 900, nowMs: 1_000, idleSinceMs: 100, isWantedElsewhere: false };
  assert.equal(shouldUnload(input), true);
  assert.equal(shouldUnload({ ...input, idleMs: 901 }), false);
  assert.equal(shouldUnload({ ...input, idleMs: null }), false);
  assert.equal(
    shouldUnload({ ...input, idleSinceMs: undefined }),
    false,
    "an answer is being given",
  );
  assert.equal(shouldUnload({ ...input, isWantedElsewhere: true }), false);
});

const MODEL = { name: "m", fingerprint: "f" };

Deno.test("unloading() and reloading() end with what the user wanted", () => {
  const pinned: Wishes = { pinned: MODEL, wanted: ["m", "n"], dropped: ["x"], resting: [] };
  const { wishes, resting } = unloading(pinned, MODEL);
  assert.deepEqual(wishes, { pinned: null, wanted: ["n"], dropped: ["x"], resting: ["m"] });
  assert.deepEqual(reloading(wishes, resting), pinned);
  const other = { name: "o", fingerprint: "f" };
  const meanwhile = { ...wishes, pinned: other };
  assert.deepEqual(reloading(meanwhile, resting), { ...meanwhile, resting: [] });
  const free: Wishes = { pinned: null, wanted: [], dropped: [], resting: [] };
  const one = unloading(pinned, MODEL, "m@f");
  assert.deepEqual(one.wishes.resting, ["m@f"], "another of its name does not rest");
  assert.deepEqual(reloading(one.wishes, one.resting), pinned);
  const helper = unloading(free, MODEL);
  assert.deepEqual(reloading(helper.wishes, helper.resting), free);
});
