import assert from "node:assert/strict";
import { GIVE_UP_MS, WORKER_LOSS_MS } from "../../../src/node/plan/defaults.ts";
import { idleJob, type Job } from "../../../src/node/serving/job.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { FailureBackoff } from "../../../src/node/serving/failure_backoff.ts";
import { BIG, member, peer, SMALL, view } from "../members.ts";

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

function look(failureBackoff: FailureBackoff, job: Job, nowMs: number, changes = {}) {
  return failureBackoff.check({ job, view: alone, isClaimed: true, nowMs, ...changes });
}

function broken(plan: Plan): Job {
  return idleJob(plan, null, "out of memory");
}

Deno.test("a failure is told once, and counts until something answers", () => {
  const failureBackoff = new FailureBackoff();
  assert.deepEqual(look(failureBackoff, broken(SOLO), 5), {
    plan: SOLO,
    broken: true,
    brokenAtMs: 5,
    failures: 1,
    failure: "out of memory",
  });
  assert.equal(look(failureBackoff, broken(SOLO), 6).failure, undefined);
  failureBackoff.replaced(SOLO, "same");
  assert.equal(look(failureBackoff, broken(SOLO), 7).failures, 2);
  failureBackoff.replaced(SOLO, "same");
  const server = { baseUrl: "", apiKey: null };
  assert.equal(look(failureBackoff, { ...idleJob(SOLO, null), server }, 8).failures, 0);
});

Deno.test("a host without one of its workers is broken", () => {
  const failureBackoff = new FailureBackoff();
  const job = idleJob(HOST, null);
  assert.equal(
    look(failureBackoff, job, 1, { view: view(member("a", 60), [member("b", 60)]) }).broken,
    false,
  );
  assert.equal(look(failureBackoff, job, 2).failure, "worker b is gone");
});

Deno.test("a model that the mesh asked for is given up for a while once it has failed twice alike, a download at once", () => {
  const failureBackoff = new FailureBackoff();
  for (const nowMs of [1, 2]) {
    assert.deepEqual(failureBackoff.refuses(nowMs), []);
    look(failureBackoff, broken(SOLO), nowMs);
    failureBackoff.replaced(SOLO, "same");
  }
  failureBackoff.replaced(SOLO, "another");
  look(failureBackoff, broken({ kind: "download", name: "far" }), 4);
  const far = { name: "far", fingerprint: "" };
  assert.deepEqual(failureBackoff.refuses(4), [SMALL, far]);
  assert.deepEqual(failureBackoff.retriesAtMs(4), [GIVE_UP_MS + 2, GIVE_UP_MS + 4]);
  assert.deepEqual(failureBackoff.failures(4), [
    { model: SMALL, reason: "out of memory" },
    { model: far, reason: "out of memory" },
  ]);
  assert.deepEqual(failureBackoff.refuses(GIVE_UP_MS + 2), [far]);
});

// Two files may have one name. The one that was broken kept the other from being served as well.
Deno.test("one file that is given up says nothing of another one that has its name", () => {
  const failureBackoff = new FailureBackoff();
  const twin = { ...SMALL, fingerprint: "ef".repeat(32) };
  const other: Plan = { kind: "solo", model: twin, needBytes: 10 };
  const server = { baseUrl: "", apiKey: null };
  for (const nowMs of [1, 2]) {
    look(failureBackoff, broken(SOLO), nowMs);
    look(failureBackoff, { ...idleJob(other, null), server }, nowMs);
    failureBackoff.replaced(SOLO, "same");
  }
  assert.deepEqual(failureBackoff.refuses(3), [SMALL]);
  assert.deepEqual(failureBackoff.failures(3), [{ model: SMALL, reason: "out of memory" }]);
  look(failureBackoff, broken(other), 4);
  failureBackoff.replaced(other, "same");
  look(failureBackoff, broken(other), 5);
  assert.deepEqual(failureBackoff.refuses(5), [SMALL, twin]);
});

/** The failures that are known after each of these ends, which come a second after one another. */
function failuresAfter(
  ends: readonly (Partial<Job> & { readonly failure: string })[],
  failureBackoff = new FailureBackoff(),
  stepMs = 1_000,
): string[][] {
  return ends.map((end, index) => {
    const job = { ...idleJob(SOLO, null), ...end };
    look(failureBackoff, job, index * stepMs, { isClaimed: false });
    failureBackoff.replaced(SOLO, "same");
    return failureBackoff.failures(index * stepMs).map(({ reason }) => reason);
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
  const end = { failure: "Failed to connect to 127.0.0.1:4711", blamesLoss: true };
  assert.deepEqual(failuresAfter([end, end, end, end]), [[], [], [], []]);
  const patient = failuresAfter([end, end, end], new FailureBackoff(), WORKER_LOSS_MS / 2);
  assert.deepEqual(patient, [[], [], [end.failure]]);
});

Deno.test("a verdict ends with a success, with other work, and when the user says so", () => {
  const end = { failure: "unknown architecture" };
  const failed = () => {
    const failureBackoff = new FailureBackoff();
    assert.deepEqual(failuresAfter([end, end], failureBackoff)[1], [end.failure]);
    return failureBackoff;
  };
  const warm = failed();
  look(warm, { ...idleJob(SOLO, null), server: { baseUrl: "", apiKey: null } }, 5_000);
  assert.deepEqual(warm.failures(5_000), []);
  const lends = failed();
  look(lends, { ...idleJob(SOLO, null), rpcPort: 4711 }, 5_000);
  assert.deepEqual(lends.failures(5_000), []);
  const busy = failed();
  busy.replaced(SOLO, "another");
  assert.deepEqual(busy.failures(5_000), []);
  const forgiven = failed();
  look(forgiven, broken(SOLO), 5_000);
  forgiven.forgive();
  assert.deepEqual(forgiven.failures(5_000), []);
  const { brokenAtMs, failures } = look(forgiven, broken(SOLO), 5_001);
  assert.equal(brokenAtMs, -Infinity, "it is tried again at once");
  assert.equal(failures, 0);
});

Deno.test("the failures of one model are not those of another that runs beside it", () => {
  const failureBackoff = new FailureBackoff();
  const other: Plan = { kind: "solo", model: BIG, needBytes: 10 };
  const server = { baseUrl: "", apiKey: null };
  for (const nowMs of [1, 2]) {
    look(failureBackoff, broken(SOLO), nowMs, { isClaimed: false });
    assert.deepEqual(look(failureBackoff, { ...idleJob(other, null), server }, nowMs).failures, 0);
    failureBackoff.replaced(SOLO, "same");
    failureBackoff.replaced(other, "another");
  }
  assert.deepEqual(failureBackoff.failures(3).map(({ model }) => model), [SMALL]);
  assert.equal(look(failureBackoff, broken(other), 3, { isClaimed: false }).failures, 1);
  assert.equal(look(failureBackoff, broken(SOLO), 3, { isClaimed: false }).failures, 3);
});

Deno.test("a model that the user named is never given up", () => {
  const failureBackoff = new FailureBackoff();
  for (const nowMs of [1, 2, 3, 4]) {
    look(failureBackoff, broken(SOLO), nowMs, { isClaimed: false });
    failureBackoff.replaced(SOLO, "same");
  }
  assert.deepEqual(failureBackoff.refuses(5), []);
});
