import assert from "node:assert/strict";
import { AskedHosts } from "../../../src/api/routing/asked_hosts.ts";

Deno.test("AskedHosts adds what this gateway asked to what it heard of others", () => {
  let now = 0;
  const hosts = new AskedHosts(() => now);
  assert.deepEqual(hosts.loadOf("a"), { active: 0, slots: 4 });
  hosts.started("a");
  hosts.said("a", { active: 5, slots: 8 });
  assert.deepEqual(hosts.loadOf("a"), { active: 5, slots: 8 }, "four of others, one own");
  hosts.started("a");
  assert.deepEqual(hosts.loadOf("a"), { active: 6, slots: 8 });
  hosts.ended("a");
  hosts.ended("a");
  assert.deepEqual(hosts.loadOf("a"), { active: 4, slots: 8 });
  now = 10_001;
  assert.deepEqual(
    hosts.loadOf("a"),
    { active: 0, slots: 8 },
    "others are forgotten, the slots are not",
  );
});

Deno.test("AskedHosts doubts a host once for each second in which nothing came of it", () => {
  let now = 0;
  const hosts = new AskedHosts(() => now);
  hosts.started("a");
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
    if (heard !== null) hosts.heard(heard);
    assert.equal(hosts.isDoubtful("a"), expected, `at ${atMs}`);
  }
  assert.equal(hosts.isDoubtful("never asked"), false);
});
