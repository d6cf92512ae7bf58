import assert from "node:assert/strict";
import type { DownloadStatus } from "../../../src/api/mod.ts";
import { runProgram } from "../../support/program.ts";
import { withManagementApi } from "../management.ts";

const RUNNING: DownloadStatus = {
  state: "running",
  receivedBytes: 1e9,
  totalBytes: 5e9,
  bytesPerSecond: 1e7,
  secondsLeft: 400,
  error: null,
};

/** Answers in order: the status, the start, and then what each look finds. */
async function downloadBy(looks: readonly (DownloadStatus | null)[]) {
  const answers: unknown[] = [
    { node: { role: "standby" } },
    { name: "m", download: RUNNING },
    ...looks,
  ];
  let outcome: Awaited<ReturnType<typeof runProgram>> | undefined;
  let paths: string[] = [];
  const answer = () => Response.json(answers.shift() ?? null);
  await withManagementApi({ answer }, async ({ dataDir, requests }) => {
    outcome = await runProgram(["download", "org/repo:Q8_0", "--data-dir", dataDir]);
    paths = requests.map(({ path }) => path);
  });
  assert.ok(outcome !== undefined);
  return { ...outcome, paths };
}

Deno.test("download asks the running node and follows it to the end", async () => {
  const { code, stdout, stderr, paths } = await downloadBy([RUNNING, null]);
  assert.deepEqual([code, stderr], [0, "Downloading m\n"]);
  assert.equal(stdout, "m is here (5.0 GB): mesh-llm --model m serves it\n");
  assert.deepEqual(paths, [
    "/api/status",
    "/api/models/org%2Frepo%3AQ8_0/download",
    "/api/models/m/download",
    "/api/models/m/download",
  ]);
});

Deno.test("download says why the node's download broke off", async () => {
  const error = "The disk is full. The downloaded part is kept: make room and try again to go on";
  const { code, stdout, stderr } = await downloadBy([{ ...RUNNING, state: "failed", error }]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /mesh-llm: The disk is full/);
});

Deno.test("download refuses what is no model, before it looks for anything", async () => {
  const { code, stderr } = await runProgram(["download", "../etc/passwd"]);
  assert.equal(code, 2);
  assert.match(stderr, /^mesh-llm: Cannot download \.\.\/etc\/passwd: name a model of the catalog/);
});
