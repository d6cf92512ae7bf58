import assert from "node:assert/strict";
import fc from "fast-check";
import type { ModelRef } from "../../../src/mesh/mod.ts";
import { gateAnswer, RpcGate, RpcRefusedError } from "../../../src/node/ends/rpc_gate.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { idleJob, type Job } from "../../../src/node/serving/job.ts";
import type { AskedSplit } from "../../../src/tunnel/mod.ts";
import { BIG, peer, SMALL } from "../members.ts";

function working(host: string, term: number, rpcPort: number | null, model = BIG): Job {
  const plan: Plan = { kind: "worker", model, host: peer(host), term };
  return { ...idleJob(plan, null), rpcPort };
}

function asking(host: string, term: number, model?: ModelRef): AskedSplit {
  return { peer: peer(host), term, model };
}

const idle = idleJob({ kind: "standby" }, null);
const never = new AbortController().signal;
const big = { port: 5000, model: BIG };
const small = { port: 6000, model: SMALL };
/** A worker of one host's two splits, and of another host's. */
const several = [working("h", 3, 5000), working("h", 3, 6000, SMALL), idle];
const renamed = { ...BIG, fingerprint: SMALL.fingerprint };

const rows: [fact: string, readonly Job[], AskedSplit, expected: unknown][] = [
  ["the host of this term gets the port", [working("h", 3, 5000)], asking("h", 3, BIG), big],
  ["its stream waits while the server starts", [working("h", 3, null)], asking("h", 3), "later"],
  ["a stream that comes before the plan waits", [idle], asking("h", 3, BIG), "later"],
  ["a stream that comes before any plan waits", [], asking("h", 3, BIG), "later"],
  ["a stream of the next term waits", [working("h", 3, 5000)], asking("h", 4, BIG), "later"],
  ["a stream of an earlier term is refused", [working("h", 3, 5000)], asking("h", 2, BIG), "over"],
  ["another node never gets the port", [working("h", 3, 5000)], asking("x", 3, BIG), "later"],
  ["each split of a host has its own port", several, asking("h", 3, BIG), big],
  ["... the other one too", several, asking("h", 3, SMALL), small],
  ["a file of the same name is another model", several, asking("h", 3, renamed), "later"],
  [
    "the later term of another split ends none",
    [working("h", 9, 5000), working("h", 3, null, SMALL)],
    asking("h", 3, SMALL),
    "later",
  ],
  [
    "the term of another split is not over with it",
    [working("h", 9, 5000)],
    asking("h", 3, SMALL),
    "later",
  ],
  [
    "two hosts are served, each for its model",
    [working("h", 3, 5000), working("g", 3, 6000, SMALL)],
    asking("g", 3, SMALL),
    small,
  ],
  [
    "a host never gets the port of another host's split",
    [working("h", 3, 5000), working("g", 3, 6000, SMALL)],
    asking("g", 3, BIG),
    "later",
  ],
  [
    "who names no model gets the split that it has",
    [working("h", 3, 5000), working("g", 3, 6000, SMALL)],
    asking("g", 3),
    small,
  ],
  [
    "... by its term, while an earlier one ends",
    [
      working("h", 9, 5000),
      working("h", 3, 6000, SMALL),
    ],
    asking("h", 3),
    small,
  ],
  ["who names no model gets none of two", several, asking("h", 3), "later"],
  ["who names no model is told that its term is over", several, asking("h", 2), "over"],
];

for (const [fact, jobs, asked, expected] of rows) {
  Deno.test(`gateAnswer(): ${fact}`, () => {
    assert.deepEqual(gateAnswer(jobs, asked), expected);
  });
}

Deno.test("gateAnswer(): the other workers of a split get its port, in its term, and none of another split", () => {
  const peerWorkers = ({ model }: { model: ModelRef }) =>
    model === BIG ? [peer("e"), peer("f")] : [];
  const answer = (jobs: readonly Job[], asked: AskedSplit) => gateAnswer(jobs, asked, peerWorkers);
  assert.deepEqual(answer(several, asking("f", 3, BIG)), big);
  assert.deepEqual(answer(several, asking("f", 3)), big);
  assert.equal(answer(several, asking("f", 2, BIG)), "over");
  assert.equal(answer(several, asking("f", 3, SMALL)), "later");
  assert.equal(answer(several, asking("g", 3, BIG)), "later");
  assert.equal(answer([idle], asking("f", 3, BIG)), "later");
});

Deno.test("gateAnswer() never opens an rpc-server of another host, term or model than the one that is asked for", () => {
  const hosts = fc.constantFrom("f", "g", "h");
  const models = [BIG, SMALL, renamed];
  const terms = fc.integer({ min: 1, max: 4 });
  const job = fc.record({
    host: hosts,
    term: terms,
    isReady: fc.boolean(),
    model: fc.constantFrom(...models),
  });
  const asked = fc.record({
    host: hosts,
    term: terms,
    model: fc.option(fc.constantFrom(...models), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(job, { maxLength: 5 }), asked, (working_, { host, term, model }) => {
      const distinct = working_.filter((one, at) =>
        working_.findIndex((other) => other.model === one.model) === at
      );
      const jobs = distinct.map((one, at) =>
        working(one.host, one.term, one.isReady ? 5_000 + at : null, one.model)
      );
      const answer = gateAnswer(jobs, asking(host, term, model));
      const fitting = distinct.filter((one) =>
        one.host === host && one.term === term && (model === undefined || one.model === model)
      );
      if (typeof answer === "string") {
        assert.ok(fitting.length !== 1 || !fitting[0]!.isReady, "the only one is ready");
        return;
      }
      assert.deepEqual(fitting.map((one) => one.model), [answer.model]);
      assert.equal(answer.port, 5_000 + distinct.indexOf(fitting[0]!));
    }),
  );
});

Deno.test("admit() answers as soon as a job fits", async () => {
  let jobs: Job[] = [];
  const gate = new RpcGate(() => jobs);
  const admitted = gate.admit(asking("h", 3, BIG), never);
  for (const more of [idle, working("h", 3, 6000, SMALL), working("h", 3, null)]) {
    jobs = [...jobs, more];
    gate.changed();
  }
  jobs = [working("h", 3, 5000), working("h", 3, 6000, SMALL)];
  gate.changed();
  assert.deepEqual(await admitted, big);
});

Deno.test("admit() refuses a stream whose term ends while it waits, and goes on waiting for another split's", async () => {
  let jobs = [working("h", 3, null), working("h", 3, null, SMALL)];
  const gate = new RpcGate(() => jobs);
  const refused = assert.rejects(gate.admit(asking("h", 3, BIG), never), RpcRefusedError);
  const other = gate.admit(asking("h", 3, SMALL), never);
  jobs = [working("h", 4, null), working("h", 3, 6000, SMALL)];
  gate.changed();
  await refused;
  assert.deepEqual(await other, small);
});

Deno.test("admit() ends with its signal", async () => {
  const gate = new RpcGate(() => [idle]);
  const leaving = new AbortController();
  const admitted = assert.rejects(gate.admit(asking("h", 3), leaving.signal), RpcRefusedError);
  leaving.abort();
  await admitted;
});
