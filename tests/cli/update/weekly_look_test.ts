import assert from "node:assert/strict";
import { keepLook, type KeptLook, readKeptLook } from "../../../src/cli/update/last_look.ts";
import { releaseSource } from "../../../src/cli/update/release_source.ts";
import { lookForRelease } from "../../../src/cli/update/update.ts";
import { nextLookInMs, WeeklyLook } from "../../../src/cli/update/weekly_look.ts";
import { temporaryFolder } from "../../support/program.ts";
import { makeRelease, OWN_TARGET, releaseServer, testKey } from "../../support/releases.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000_000;
const at = (atMs: number) => ({ version: "1.0.0", atMs });

const table: readonly [name: string, kept: KeptLook, inMs: number][] = [
  ["nobody has looked", { look: null, triedMs: 0 }, 0],
  ["a person has looked", { look: at(NOW - DAY), triedMs: 0 }, 6 * DAY],
  ["a node has looked", { look: at(NOW - DAY), triedMs: NOW - DAY }, 6 * DAY],
  ["a week is over", { look: at(NOW - 7 * DAY), triedMs: NOW - 7 * DAY }, 0],
  ["a try failed", { look: null, triedMs: NOW - HOUR }, 23 * HOUR],
  ["a try failed, long after a look", { look: at(NOW - 9 * DAY), triedMs: NOW - HOUR }, 23 * HOUR],
  ["a failed try is a day old", { look: at(NOW - 9 * DAY), triedMs: NOW - DAY }, 0],
  ["a clock was wrong", { look: at(NOW + 900 * DAY), triedMs: NOW + 900 * DAY }, 0],
];

for (const [name, kept, inMs] of table) {
  Deno.test(`nextLookInMs() where ${name} is ${inMs / HOUR} h`, () => {
    assert.equal(nextLookInMs(kept, NOW), inMs);
  });
}

/** Lets a node run for some days, by a clock that only its pauses move. @returns when it looked, in hours */
async function run(
  dataDir: string,
  days: number,
  look: (signal: AbortSignal) => Promise<string>,
  startMs = NOW,
) {
  const ending = new AbortController();
  const looked: number[] = [];
  const failures: unknown[] = [];
  const clock = { nowMs: startMs };
  const weekly = new WeeklyLook({
    dataDir,
    version: "1.0.0",
    look: (signal) => {
      looked.push((clock.nowMs - NOW) / HOUR);
      return look(signal);
    },
    now: () => clock.nowMs,
    pause: (ms) => {
      clock.nowMs += ms;
      if (clock.nowMs >= startMs + days * DAY) ending.abort();
      return Promise.resolve();
    },
    onFailure: (error) => failures.push(error),
  });
  await weekly.run(ending.signal);
  return { looked, failures, newer: weekly.newer };
}

Deno.test("WeeklyLook asks a server of releases once a week, and knows what the last look found", async () => {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const key = await testKey();
  const release = `${dataDir}/1.1.0`;
  await makeRelease(release, "1.1.0", { key });
  await using server = await releaseServer(new Map([["1.1.0", release]]), "1.1.0");
  const look = async (signal: AbortSignal) => {
    const source = releaseSource(server.url.href, undefined);
    const known = { source, key: key.publicKey, target: OWN_TARGET, signal };
    return (await lookForRelease(known, null)).version;
  };
  const first = await run(dataDir, 15, look);
  assert.deepEqual(first, { looked: [0, 7 * 24, 14 * 24], failures: [], newer: "1.1.0" });
  // It is another process, which finds what was kept.
  const second = await run(dataDir, 1, look, NOW + 15 * DAY);
  assert.deepEqual(second, { looked: [], failures: [], newer: "1.1.0" });
});

Deno.test("WeeklyLook asks a day after a failure, however often its node starts anew", async () => {
  await using folder = await temporaryFolder();
  const failing = () => Promise.reject(new Error("offline"));
  const { looked, failures, newer } = await run(folder.path, 3, failing);
  assert.deepEqual([looked, failures.length, newer], [[0, 24, 48], 3, null]);
  const again = await run(folder.path, 0.5, failing, NOW + 2 * DAY + HOUR);
  assert.deepEqual(again.looked, []);
});

Deno.test("WeeklyLook keeps what was known when a look fails", async () => {
  await using folder = await temporaryFolder();
  await keepLook(folder.path, { look: { version: "2.0.0", atMs: NOW - 8 * DAY }, triedMs: 0 });
  const { newer } = await run(folder.path, 1, () => Promise.reject(new Error("offline")));
  assert.equal(newer, "2.0.0");
  const { look, triedMs } = await readKeptLook(folder.path);
  assert.deepEqual([look?.version, triedMs], ["2.0.0", NOW]);
});

Deno.test("WeeklyLook asks not again and again where nothing can be kept", async () => {
  await using folder = await temporaryFolder();
  const { looked } = await run(`${folder.path}/missing`, 1, () => Promise.resolve("1.0.0"));
  assert.deepEqual(looked, [0]);
});
