import assert from "node:assert/strict";
import { idleJob, type Job } from "../../../src/node/serving/job.ts";
import type { Plan } from "../../../src/node/plan/plan.ts";
import { gateAnswer, RpcGate, RpcRefusedError } from "../../../src/node/ends/rpc_gate.ts";
import { BIG, peer } from "../members.ts";

function working(host: string, term: number, rpcPort: number | null): Job {
  const plan: Plan = { kind: "worker", model: BIG, host: peer(host), term };
  return { ...idleJob(plan, null), rpcPort };
}

const idle = idleJob({ kind: "standby" }, null);

const rows: [fact: string, Job, peer: string, term: number, expected: unknown][] = [
  ["the host of this term gets the port", working("h", 3, 5000), "h", 3, 5000],
  ["its stream waits while the server starts", working("h", 3, null), "h", 3, "later"],
  ["a stream that comes before the plan waits", idle, "h", 3, "later"],
  ["a stream of the next term waits", working("h", 3, 5000), "h", 4, "later"],
  ["a stream of an earlier term is refused", working("h", 3, 5000), "h", 2, "over"],
  ["another node never gets the port", working("h", 3, 5000), "x", 3, "later"],
];

for (const [fact, job, host, term, expected] of rows) {
  Deno.test(`gateAnswer(): ${fact}`, () => {
    assert.equal(gateAnswer([job], host, term), expected);
  });
}

Deno.test("gateAnswer(): the other workers of the split get the port, in its term", () => {
  const job = working("h", 3, 5000);
  assert.equal(gateAnswer([job], "f", 3, ["e", "f"]), 5000);
  assert.equal(gateAnswer([job], "f", 2, ["e", "f"]), "over");
  assert.equal(gateAnswer([job], "g", 3, ["e", "f"]), "later");
  assert.equal(gateAnswer([], "f", 3, ["e", "f"]), "later");
});

Deno.test("admit() answers as soon as the job fits", async () => {
  let job = idle;
  const gate = new RpcGate(() => [job]);
  const admitted = gate.admit("h", 3, new AbortController().signal);
  job = working("h", 3, null);
  gate.changed();
  job = working("h", 3, 5000);
  gate.changed();
  assert.equal(await admitted, 5000);
});

Deno.test("admit() refuses a stream whose term ends while it waits", async () => {
  let job = working("h", 3, null);
  const gate = new RpcGate(() => [job]);
  const admitted = assert.rejects(
    gate.admit("h", 3, new AbortController().signal),
    RpcRefusedError,
  );
  job = working("h", 4, null);
  gate.changed();
  await admitted;
});

Deno.test("admit() ends with its signal", async () => {
  const gate = new RpcGate(() => []);
  const leaving = new AbortController();
  const admitted = assert.rejects(gate.admit("h", 3, leaving.signal), RpcRefusedError);
  leaving.abort();
  await admitted;
});
