import assert from "node:assert/strict";
import {
  count,
  formatBytes,
  formatRoundTrip,
  formatSeconds,
  shortId,
  table,
} from "../../../src/cli/base/format.ts";

Deno.test("formatBytes() counts GB in 10^9", () => {
  const shown = [0, 1_480_000, 50_000_000, 999_000_000, 1e9, 24_576_000_000].map(formatBytes);
  assert.deepEqual(shown, ["0.00 MB", "1.5 MB", "50.0 MB", "999.0 MB", "1.0 GB", "24.6 GB"]);
});

Deno.test("figures read as people say them", () => {
  assert.equal(formatSeconds(1250), "1.3 s");
  assert.equal(count(1, "machine"), "1 machine");
  assert.equal(count(0, "machine"), "0 machines");
  assert.equal(shortId("short"), "short");
  assert.equal(shortId("12D3KooWAAAAabcdefgh"), "…abcdefgh");
});

Deno.test("a round trip has no more digits than count", () => {
  const shown = [0.31, 2.0700220000071567, 20.5, 40, 99.96, 182.4].map(formatRoundTrip);
  assert.deepEqual(shown, ["0.3 ms", "2.1 ms", "20.5 ms", "40 ms", "100 ms", "182 ms"]);
});

Deno.test("table() makes columns as wide as their widest cell", () => {
  assert.equal(table([["A", "LONG", "C"], ["bbb", "x", ""]]), "A    LONG  C\nbbb  x\n");
});
