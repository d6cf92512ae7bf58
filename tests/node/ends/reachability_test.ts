import assert from "node:assert/strict";
import {
  FAILED_HOST_MS,
  OPEN_PATIENCE_FIRST_MS,
  OPEN_PATIENCE_MIN_MS,
} from "../../../src/node/plan/defaults.ts";
import { Reachability } from "../../../src/node/ends/reachability.ts";

Deno.test("a stream that opens ends the doubling, for its host only", () => {
  const hosts = new Reachability();
  for (const host of ["a", "b"]) hosts.failedToOpen(host, 0);
  hosts.opened("a", 1);
  assert.equal(hosts.patienceMs("a", 300), OPEN_PATIENCE_MIN_MS);
  assert.equal(hosts.patienceMs("b", undefined), 2 * OPEN_PATIENCE_FIRST_MS);
});

Deno.test("a host that was slow once is soon asked again, one that never opens as late as a dead one", () => {
  const hosts = new Reachability();
  const avoidedMs = () => {
    hosts.failedToOpen("a", 0);
    return [5_000, 10_000, 20_000, FAILED_HOST_MS].find((ms) => !hosts.isAvoided("a", ms));
  };
  const avoided = Array.from({ length: 5 }, avoidedMs);
  assert.deepEqual(avoided, [5_000, 10_000, 20_000, FAILED_HOST_MS, FAILED_HOST_MS]);
  hosts.opened("a", 1);
  assert.equal(avoidedMs(), 5_000);
});

Deno.test("of a host that was asked nothing yet the mesh's round trip counts", () => {
  const hosts = new Reachability();
  assert.equal(hosts.patienceMs("a", 1), OPEN_PATIENCE_MIN_MS);
  assert.equal(hosts.patienceMs("a", 200), 5 * 200 + 4 * 100);
  assert.equal(hosts.patienceMs("a", undefined), OPEN_PATIENCE_FIRST_MS);
});

Deno.test("a host whose stream broke is asked last for as long as its death may go unnoticed", () => {
  const hosts = new Reachability();
  hosts.broke("a", 1_000);
  assert.equal(hosts.isAvoided("a", 999 + FAILED_HOST_MS), true);
  assert.equal(hosts.isAvoided("a", 1_000 + FAILED_HOST_MS), false);
  assert.equal(hosts.isAvoided("b", 0), false);
  assert.equal(hosts.patienceMs("a", 1), OPEN_PATIENCE_MIN_MS, "it did open");
});

Deno.test("the record of a host outlives neither its place in the mesh nor the time for which it is asked last", () => {
  const hosts = new Reachability();
  for (const host of ["here", "gone", "lost"]) hosts.opened(host, 1_000);
  hosts.failedToOpen("lost", 0);
  const usual = hosts.patienceMs("here", undefined);
  const isHere = (host: string) => host === "here";
  hosts.forgetOthers(isHere, 4_999);
  const patience = () => ["here", "gone", "lost"].map((host) => hosts.patienceMs(host, undefined));
  assert.deepEqual(patience(), [usual, OPEN_PATIENCE_FIRST_MS, 2 * usual]);
  hosts.forgetOthers(isHere, 5_000);
  assert.deepEqual(patience(), [usual, OPEN_PATIENCE_FIRST_MS, OPEN_PATIENCE_FIRST_MS]);
});
