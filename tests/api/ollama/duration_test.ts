import assert from "node:assert/strict";
import { parseDurationMs } from "../../../src/api/ollama/duration.ts";

Deno.test("parseDurationMs() reads seconds and durations as Go writes them", () => {
  const table: [number | string, number | null][] = [
    [0, 0],
    [300, 300_000],
    [-1, -1_000],
    ["0", 0],
    ["-1", -1_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    ["-1m", -60_000],
    ["250ms", 250],
    ["", null],
    ["m", null],
    ["5 m", null],
    ["5m!", null],
    ["-", null],
    ["soon", null],
  ];
  for (const [value, expected] of table) assert.equal(parseDurationMs(value), expected, `${value}`);
});
