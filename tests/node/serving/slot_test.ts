import assert from "node:assert/strict";
import { idleJob, type Job } from "../../../src/node/serving/job.ts";
import { Slot } from "../../../src/node/serving/slot.ts";
import { instance } from "../members.ts";

const MODEL = { name: "guide", fingerprint: "f" };
const PLAN = { kind: "solo", model: MODEL, needBytes: 7 } as const;

Deno.test("Plans count with a job that is being stopped as they did before, until its memory is free", async () => {
  const stopped = Promise.withResolvers<void>();
  const job: Job = {
    ...idleJob(PLAN, instance(MODEL, "warm")),
    usedBytes: 10,
    placed: { CPU: 10 },
    spare: { CPU: 3 },
    stop: () => stopped.promise,
  };
  const slot = new Slot();
  slot.plan({ plan: PLAN, claim: null, reason: "", pinned: true }, 0);
  slot.start(job, 0);
  const held = () => {
    const { usedBytes, placed, spare } = slot.planned;
    return { usedBytes, placed, spare };
  };
  const before = held();
  const ended = slot.end();
  assert.deepEqual(held(), before);
  assert.equal(slot.planned.instance?.state, "loading", "it is started again");
  stopped.resolve();
  await ended;
  assert.deepEqual(held(), { usedBytes: 0, placed: undefined, spare: undefined });
});
