import { getLogger, type Logger } from "@logtape/logtape";
import assert from "node:assert/strict";
import type { Instance } from "../../../src/mesh/mod.ts";
import { RunLog } from "../../../src/node/report/run_log.ts";
import { idleJob, type Job } from "../../../src/node/serving/job.ts";
import { BIG, instance, peer, SMALL } from "../members.ts";

function solo(model: Instance["model"], state: Instance["state"] = "warm"): Job {
  return idleJob({ kind: "solo", model, needBytes: 1 }, instance(model, state));
}

function worker(ready: boolean): Job {
  const host = peer("h");
  const job = idleJob({ kind: "worker", model: BIG, host, term: 1 }, null);
  return { ...job, obeys: { host, term: 1, ready } };
}

Deno.test("RunLog says all that a node runs, once for each list of it", () => {
  const told: unknown[] = [];
  const logger = Object.assign(Object.create(getLogger("test")), {
    info: (_: string, { event, serving, lending }: Record<string, unknown>) =>
      void told.push([event, serving, lending]),
  }) as Logger;
  const log = new RunLog(logger, ({ name }) => name);
  log.check([]);
  log.check([solo(BIG, "loading"), worker(false)]);
  assert.deepEqual(told, []);
  const jobs = [solo(SMALL), worker(true)];
  log.check(jobs);
  log.check(jobs);
  log.check([...jobs, solo(BIG)]);
  log.check([]);
  assert.deepEqual(told, [
    ["runs", ["small"], ["big"]],
    ["runs", ["small", "big"], ["big"]],
    ["runs", [], []],
  ]);
});
