import assert from "node:assert/strict";
import type { ManagedServer } from "../../../src/engine/mod.ts";
import type { Announcement } from "../../../src/mesh/mod.ts";
import type { WorkerParts } from "../../../src/node/serving/job.ts";
import { WorkerJob } from "../../../src/node/serving/worker_job.ts";
import { content } from "../../mesh/content.ts";
import { BIG, peer } from "../members.ts";

const PLAN = { kind: "worker", model: BIG, host: peer("host"), term: 3 } as const;

const INSTANCE = {
  model: BIG,
  sizeBytes: 90,
  contextLength: 1,
  mode: "split",
  state: "loading",
  term: 3,
  hostShare: 0.6,
  workers: [{ peer: peer("self"), share: 0.4 }],
  needBytes: 100,
  haveBytes: 100,
} as const;

/** A worker whose GPU has room for 30 bytes, and what it sees of its host. */
function setUp() {
  const server = { state: { kind: "starting" }, subscribe: () => () => {} };
  const host = {
    ...content(),
    peer: peer("host"),
    instances: [INSTANCE],
  } as unknown as Announcement;
  const seen = { members: [host], taken: null as number[] | null };
  const device = { totalBytes: 100, usedBytes: 0 };
  const parts = {
    mesh: { self: peer("self"), members: () => seen.members },
    supervisor: { launch: () => server as unknown as ManagedServer },
    idOf: () => "big",
    localModel: () => undefined,
    resetTunnels: () => {},
    takenBy: () => seen.taken,
    memory: {
      memoryBytes: 130,
      devices: [
        { ...device, name: "CUDA0", kind: "discrete", offeredBytes: 30 },
        { ...device, name: "CPU", kind: "cpu", offeredBytes: 100 },
      ],
    },
  } as unknown as WorkerParts;
  return { job: new WorkerJob(PLAN, parts, () => {}), seen, host };
}

Deno.test("a worker says where its share lies: on GPUs as far as they have room", () => {
  const { job } = setUp();
  assert.equal(job.usedBytes, 40);
  assert.deepEqual(job.placed, { CUDA0: 30, CPU: 10 });
});

Deno.test("a share is held until the rpc-server has ended, though its host is gone or plans anew", () => {
  const { job, seen, host } = setUp();
  seen.members = [{ ...host, instances: [{ ...INSTANCE, term: 4, workers: [] }] }];
  assert.equal(job.usedBytes, 40);
  seen.members = [];
  assert.equal(job.usedBytes, 40);
  assert.deepEqual(job.placed, { CUDA0: 30, CPU: 10 });
});

Deno.test("once the model is loaded, a share is what its host has really taken", () => {
  const { job, seen, host } = setUp();
  seen.taken = [24, 9];
  assert.deepEqual(job.placed, { CUDA0: 30, CPU: 10 }, "while it loads, a part is not there yet");
  seen.members = [{ ...host, instances: [{ ...INSTANCE, state: "warm" }] }];
  assert.deepEqual(job.placed, { CUDA0: 24, CPU: 9 });
  seen.taken = null;
  assert.deepEqual(
    job.placed,
    { CUDA0: 30, CPU: 10 },
    "a stream that is not understood tells nothing",
  );
});
