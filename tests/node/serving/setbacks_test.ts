import assert from "node:assert/strict";
import { GIVE_UP_MS, WORKER_LOSS_MS } from "../../../src/node/plan/defaults.ts";
import { type Duty, idleDuty } from "../../../src/node/serving/duty.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { Setbacks } from "../../../src/node/serving/setbacks.ts";
import { member, peer, SMALL, view } from "../members.ts";

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

Deno.test("what the mesh asked for is given up for a while once it has failed twice alike, a download at once", () => {
  const setbacks = new Setbacks();
  for (const nowMs of [1, 2]) {
    assert.deepEqual(setbacks.refuses(nowMs), []);
    look(setbacks, broken(SOLO), nowMs);
    setbacks.replaced("same");
  }
  setbacks.replaced("another");
  look(setbacks, broken({ kind: "download", name: "far" }), 4);
  assert.deepEqual(setbacks.refuses(4), ["small", "far"]);
  assert.deepEqual(setbacks.retriesAtMs(4), [GIVE_UP_MS + 2, GIVE_UP_MS + 4]);
  assert.deepEqual(setbacks.failures(4), [
    { model: "small", reason: "out of memory" },
    { model: "far", reason: "out of memory" },
  ]);
  assert.deepEqual(setbacks.refuses(GIVE_UP_MS + 2), ["far"]);
});

/** The failures that are known after each of these ends, which come a second after one another. */
function failuresAfter(
  ends: readonly (Partial<Duty> & { readonly failure: string })[],
  setbacks = new Setbacks(),
  stepMs = 1_000,
): string[][] {
  return ends.map((end, index) => {
    const duty = { ...idleDuty(SOLO, null), ...end };
    look(setbacks, duty, index * stepMs, { isClaimed: false });
    setbacks.replaced("same");
    return setbacks.failures(index * stepMs).map(({ reason }) => reason);
  });
}

Deno.test("the second end of the same kind is a verdict, whatever port it names", () => {
  const [first, second] = ["port 4711 is taken", "port 4712 is taken"];
  assert.deepEqual(failuresAfter([{ failure: first }, { failure: second }]), [[], [second]]);
});

Deno.test("ends of different kinds are a verdict from the third on", () => {
  const ends = ["a", "b", "c"].map((failure) => ({ failure }));
  assert.deepEqual(failuresAfter(ends), [[], [], ["c"]]);
});

Deno.test("a worker that is lost is no verdict before the mesh can know that it is dead", () => {
  const end = { failure: "Failed to connect to 127.0.0.1:4711", blamesWorker: true };
  assert.deepEqual(failuresAfter([end, end, end, end]), [[], [], [], []]);
  const patient = failuresAfter([end, end, end], new Setbacks(), WORKER_LOSS_MS / 2);
  assert.deepEqual(patient, [[], [], [end.failure]]);
});

Deno.test("a verdict ends with a success, with other work, and when the user says so", () => {
  const end = { failure: "unknown architecture" };
  const failed = () => {
    const setbacks = new Setbacks();
    assert.deepEqual(failuresAfter([end, end], setbacks)[1], [end.failure]);
    return setbacks;
  };
  const warm = failed();
  look(warm, { ...idleDuty(SOLO, null), server: { baseUrl: "", apiKey: null } }, 5_000);
  assert.deepEqual(warm.failures(5_000), []);
  const lends = failed();
  look(lends, { ...idleDuty(SOLO, null), rpcPort: 4711 }, 5_000);
  assert.deepEqual(lends.failures(5_000), []);
  const busy = failed();
  busy.replaced("another");
  assert.deepEqual(busy.failures(5_000), []);
  const forgiven = failed();
  look(forgiven, broken(SOLO), 5_000);
  forgiven.forgive();
  assert.deepEqual(forgiven.failures(5_000), []);
  const { brokenAtMs, failures } = look(forgiven, broken(SOLO), 5_001);
  assert.equal(brokenAtMs, -Infinity, "it is tried again at once");
  assert.equal(failures, 0);
});

Deno.test("what the user told this node to serve is never given up", () => {
  const setbacks = new Setbacks();
  for (const nowMs of [1, 2, 3, 4]) {
    look(setbacks, broken(SOLO), nowMs, { isClaimed: false });
    setbacks.replaced("same");
  }
  assert.deepEqual(setbacks.refuses(5), []);
});
