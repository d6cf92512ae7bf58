import assert from "node:assert/strict";
import { Silence } from "../../../src/api/routing/silence.ts";

Deno.test("Silence doubts a host once for each second in which nothing came of it", () => {
  let now = 0;
  const silence = new Silence(() => now);
  silence.heard("a");
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
    if (heard !== null) silence.heard(heard);
    assert.equal(silence.isDoubtful("a"), expected, `at ${atMs}`);
  }
  assert.equal(silence.isDoubtful("never asked"), false);
});
