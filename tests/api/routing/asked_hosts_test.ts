import assert from "node:assert/strict";
import { AskedHosts } from "../../../src/api/routing/asked_hosts.ts";

const A = { host: "a", model: "guide", fingerprint: "f" };

Deno.test("AskedHosts adds what this gateway asked to what it heard of others", () => {
  let now = 0;
  const hosts = new AskedHosts(() => now);
  assert.deepEqual(hosts.loadOf(A), { active: 0, slots: 4 });
  hosts.started(A);
  hosts.said(A, { active: 5, slots: 8 });
  assert.deepEqual(hosts.loadOf(A), { active: 5, slots: 8 }, "four of others, one own");
  hosts.started(A);
  assert.deepEqual(hosts.loadOf(A), { active: 6, slots: 8 });
  hosts.ended(A);
  hosts.ended(A);
  assert.deepEqual(hosts.loadOf(A), { active: 4, slots: 8 });
  now = 10_001;
  assert.deepEqual(
    hosts.loadOf(A),
    { active: 0, slots: 8 },
    "others are forgotten, the slots are not",
  );
});

Deno.test("AskedHosts doubts a host once for each second in which nothing came of it", () => {
  let now = 0;
  const hosts = new AskedHosts(() => now);
  hosts.started(A);
  const table: [number, string | null, boolean][] = [
    [999, null, false],
    [1_000, null, true],
    [1_500, null, false],
    [2_000, null, true],
    [2_900, "a", false],
    [3_800, null, false],
    [3_900, null, true],
  ];
  for (const [atMs, heard, expected] of table) {
    now = atMs;
    if (heard !== null) hosts.heard({ ...A, host: heard });
    assert.equal(hosts.isDoubtful(A), expected, `at ${atMs}`);
  }
  assert.equal(hosts.isDoubtful({ ...A, host: "never asked" }), false);
});

Deno.test("AskedHosts counts the instances of one host apart, and hears of the host by any of them", () => {
  let now = 0;
  const hosts = new AskedHosts(() => now);
  const other = { ...A, model: "other" };
  hosts.started(A);
  hosts.started(other);
  hosts.started(other);
  hosts.said(other, { active: 9, slots: 2 });
  assert.deepEqual(hosts.loadOf(A), { active: 1, slots: 4 });
  assert.deepEqual(hosts.loadOf(other), { active: 9, slots: 2 });
  assert.deepEqual(hosts.loadOf({ ...A, fingerprint: "g" }), { active: 0, slots: 4 });
  now = 900;
  hosts.heard(other);
  now = 1_500;
  assert.equal(hosts.isDoubtful(A), false);
});
