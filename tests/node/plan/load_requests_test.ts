import assert from "node:assert/strict";
import {
  IdleUnloader,
  reloading,
  shouldUnload,
  unloading,
} from "../../../src/node/plan/idle_models.ts";
import type { KeepAlive } from "../../../src/base/keep_alive.ts";
import type { ModelRef } from "../../../src/mesh/mod.ts";
import { LoadRequests, modelToRequest } from "../../../src/node/plan/load_requests.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import type { Wishes } from "../../../src/node/plan/wishes.ts";
import { instance, member } from "../members.ts";

function holder(memoryBytes: number, ...names: [name: string, needBytes: number][]): Member {
  const models = names.map(([name, needBytes]) => ({
    name,
    sizeBytes: 1,
    fingerprint: "f",
    needBytes,
  }));
  return member("holder", memoryBytes, { models });
}

Deno.test("modelToRequest() takes what somebody has and could run, and nothing else", () => {
  const members = [holder(10, ["Small", 5], ["huge", 150]), holder(100, ["large", 60])];
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

Deno.test("modelToRequest() takes what the caller's key names, and nothing else", () => {
  const members = [holder(10, ["small", 5])];
  const rows = [
    [undefined, "small"],
    [["small"], "small"],
    [["small@f"], "small"],
    [[], undefined],
    [
      ["other", "SMALL"],
      undefined,
    ],
  ] as const;
  for (const [granted, expected] of rows) {
    assert.equal(modelToRequest("small", members, { granted }), expected, String(granted));
  }
});

Deno.test("modelToRequest() changes nothing that a user has decided, and no model that failed before", () => {
  const able = holder(10, ["small", 5]);
  const other = { name: "other", fingerprint: "f" };
  const pinned = { name: "small", fingerprint: "f" };
  const failures = [{ model: "small", reason: "no" }];
  const rows = [
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

Deno.test("modelToRequest() asks no other machines where the only one with the file can't load it, or has dropped it", () => {
  const able = holder(10, ["small", 5]);
  const other = member("other", 10);
  const failures = [{ model: "small", reason: "no" }];
  for (const changes of [{ failures }, { dropped: ["small"] }]) {
    assert.equal(modelToRequest("small", [{ ...able, ...changes }, other]), undefined);
  }
});

Deno.test("modelToRequest() asks a machine that a user has named models for only for the memory that those leave", () => {
  const own = { name: "own", fingerprint: "f" };
  const pinning = (needBytes: number, changes: Partial<Member> = {}) => ({
    ...holder(10, ["small", 5], ["own", needBytes]),
    assignable: false,
    targets: [own],
    ...changes,
  });
  const warm = (needBytes: number) => ({ instances: [{ ...instance(own, "warm"), needBytes }] });
  const rows: readonly [string, Member, string | undefined][] = [
    ["beside what it is about to load", pinning(5), "small"],
    ["beside what it serves", pinning(5, warm(5)), "small"],
    ["not in place of what it is about to load", pinning(6), undefined],
    ["not in place of what it serves", pinning(6, warm(6)), undefined],
    ["it has dropped it", pinning(5, { dropped: ["small"] }), undefined],
  ];
  for (const [row, one, expected] of rows) {
    assert.equal(modelToRequest("small", [one]), expected, row);
  }
});

Deno.test("modelToRequest() takes a model that is wanted already, whoever is at it, unless it can't be loaded", () => {
  const target = { name: "small", fingerprint: "f" };
  const loading = { ...holder(10, ["small", 5]), targets: [target] };
  const wished = ["small@f"];
  const failed = { ...loading, failures: [{ model: "small", reason: "no" }] };
  assert.equal(modelToRequest("small", [loading]), undefined);
  assert.equal(modelToRequest("small", [loading], { wished }), "small");
  assert.equal(modelToRequest("small", [loading], { wished, granted: ["other"] }), undefined);
  assert.equal(modelToRequest("small", [failed], { wished }), undefined);
});

Deno.test("LoadRequests wants a model no longer than the longest of those who asked for it", () => {
  const requests = new LoadRequests();
  assert.equal(requests.nextEndMs, null);
  assert.equal(requests.call("a", 0, 5_000), true);
  assert.equal(requests.call("b", 0, 7_000), true);
  assert.equal(requests.nextEndMs, 5_000);
  assert.equal(requests.call("a", 1_000, 5_000), false, "it is wanted already");
  assert.equal(requests.call("a", 2_000, 1_000), false, "another caller waits longer");
  assert.deepEqual(requests.names(5_999), ["a", "b"]);
  assert.deepEqual(requests.names(6_000), ["b"]);
  assert.equal(requests.call("a", 6_000, 1e9), true);
  assert.deepEqual(requests.names(606_000), [], "nobody wants more than ten minutes");
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
  const pinned: Wishes = { pinned: [MODEL], wanted: ["m", "n"], dropped: ["x"], resting: [] };
  const { wishes, resting } = unloading(pinned, MODEL);
  assert.deepEqual(wishes, { pinned: [], wanted: ["n"], dropped: ["x"], resting: ["m"] });
  assert.deepEqual(reloading(wishes, resting), pinned);
  const dropped = { ...wishes, dropped: ["m"] };
  assert.deepEqual(reloading(dropped, resting), { ...dropped, resting: [] });
  const one = unloading(pinned, MODEL, "m@f");
  assert.deepEqual(one.wishes.resting, ["m@f"], "another of its name does not rest");
  const free: Wishes = { pinned: [], wanted: [], dropped: [], resting: [] };
  const helper = unloading(free, MODEL);
  assert.deepEqual(reloading(helper.wishes, helper.resting), free);
});

Deno.test("a model that wakes has its place among the pinned ones, behind what was chosen meanwhile", () => {
  const [m, n, o, p] = ["m", "n", "o", "p"].map((name) => ({ name, fingerprint: "f" })) as [
    ModelRef,
    ModelRef,
    ModelRef,
    ModelRef,
  ];
  const all: Wishes = { pinned: [m, n, o], wanted: [], dropped: [], resting: [] };
  const middle = unloading(all, n);
  assert.deepEqual(reloading(middle.wishes, middle.resting).pinned, [m, n, o]);
  const first = unloading(all, m);
  const meanwhile = { ...first.wishes, pinned: [p, n, o] };
  assert.deepEqual(reloading(meanwhile, first.resting).pinned, [p, m, n, o]);
  assert.deepEqual(reloading({ ...first.wishes, pinned: [p] }, first.resting).pinned, [p, m]);
});

Deno.test("each of several models rests and wakes by itself", () => {
  const [m, n] = ["m", "n"].map((name) => ({ name, fingerprint: "f" })) as [ModelRef, ModelRef];
  const rest = new IdleUnloader(() => 100);
  let wishes: Wishes = { pinned: [m, n], wanted: ["m", "n"], dropped: [], resting: [] };
  const check = (nowMs: number, warm: readonly ModelRef[], ended: Record<string, number>) => {
    const found = rest.check({
      instances: warm.map((model) => ({ model, state: "warm" })),
      endedMs: (name) => ended[name],
      isWantedElsewhere: () => false,
      wishes,
      nowMs,
    });
    wishes = found?.wishes ?? wishes;
    return found?.model.name;
  };
  assert.equal(check(0, [m, n], { m: 0, n: 0 }), undefined);
  assert.equal(check(100, [m, n], { m: 0, n: 50 }), "m");
  assert.deepEqual([wishes.pinned, wishes.resting], [[n], ["m"]]);
  assert.equal(check(120, [n], { m: 0 }), undefined, "an answer is being given");
  assert.equal(check(149, [n], { m: 0, n: 50 }), undefined);
  assert.equal(check(150, [n], { m: 0, n: 50 }), "n");
  assert.deepEqual([wishes.pinned, wishes.resting], [[], ["m", "n"]]);
  wishes = rest.wake("m", wishes) ?? wishes;
  assert.deepEqual([wishes.pinned, wishes.resting, rest.isResting], [[m], ["n"], true]);
  wishes = rest.wake("n", wishes) ?? wishes;
  assert.deepEqual([wishes.pinned, wishes.resting, rest.isResting], [[m, n], [], false]);
});

Deno.test("a model stays as long as its last request has said, else as its settings say", () => {
  const model = { name: "m", fingerprint: "f" };
  const idleMs = 100;
  const table: [string, readonly (KeepAlive | undefined)[], number | null][] = [
    ["none says it", [undefined], idleMs],
    ["it goes at once", [0], 0],
    ["longer than the settings", [250], 250],
    ["for ever", [null], null],
    ["the last one holds", [null, 0, 40], 40],
    ["also where it says nothing", [0, undefined], idleMs],
  ];
  for (const [row, said, expected] of table) {
    const rest = new IdleUnloader(() => idleMs);
    const endedMs = 1_000;
    const goesAt = (nowMs: number, isAnswering = false) =>
      rest.check({
        instances: [{ model, state: "warm" }],
        endedMs: () => isAnswering ? undefined : endedMs,
        isWantedElsewhere: () => false,
        wishes: { pinned: [model], wanted: [], dropped: [], resting: [] },
        nowMs,
      });
    assert.equal(goesAt(0, true), undefined, row);
    for (const keepAlive of said) rest.asked(model, keepAlive);
    assert.equal(rest.leavesAtOnce(model), expected === 0, row);
    assert.equal(goesAt(endedMs, true), undefined, `${row}: an answer is being given`);
    if (expected === null) {
      assert.equal(goesAt(1e12), undefined, row);
      continue;
    }
    if (expected > 0) assert.equal(goesAt(endedMs + expected - 1), undefined, row);
    assert.equal(goesAt(endedMs + expected)?.isAsked, said.at(-1) !== undefined, row);
    assert.equal(rest.leavesAtOnce(model), false, `${row}: it does not hold for the next load`);
  }
});

Deno.test("what was said of a model's stay is forgotten when it is gone by other ways", () => {
  const model = { name: "m", fingerprint: "f" };
  const rest = new IdleUnloader(() => null);
  const check = (state: "warm" | "loading") =>
    rest.check({
      instances: [{ model, state }],
      endedMs: () => 0,
      isWantedElsewhere: () => false,
      wishes: { pinned: [], wanted: [], dropped: [], resting: [] },
      nowMs: 1_000,
    });
  rest.asked(model, 0);
  assert.equal(check("loading"), undefined);
  assert.equal(check("warm"), undefined);
});
