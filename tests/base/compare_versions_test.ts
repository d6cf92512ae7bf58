import assert from "node:assert/strict";
import { compareVersions } from "../../src/base/compare_versions.ts";

for (
  const [a, b, sign] of [
    ["2.36", "2.34", 1],
    ["2.36", "2.36", 0],
    ["2.36", "2.38", -1],
    ["2.4", "2.34", -1],
    ["3", "2.34", 1],
    ["8", "8.0.0", 0],
    ["535.183.01", "550", -1],
  ] as const
) {
  Deno.test(`compareVersions() of ${a} and ${b}`, () => {
    assert.equal(Math.sign(compareVersions(a, b)), sign);
    assert.equal(Math.sign(compareVersions(b, a)), 0 - sign);
  });
}
