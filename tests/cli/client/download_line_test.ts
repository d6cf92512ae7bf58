import assert from "node:assert/strict";
import { downloadLine, durationText } from "../../../src/cli/client/download_line.ts";

const RUNNING = {
  state: "running",
  receivedBytes: 1.5e9,
  totalBytes: 5.03e9,
  bytesPerSecond: 45e6,
  secondsLeft: 78,
  error: null,
} as const;

Deno.test("downloadLine() tells how far, how fast and how long, within 80 columns", () => {
  const line = (name: string, changes = {}) =>
    downloadLine(name, { ...RUNNING, ...changes }, false).text;
  assert.equal(
    line("Qwen3-8B-Q4_K_M"),
    "Qwen3-8B-Q4_K_M ███████░░░░░░░░░░░░░░░░░ 30 %, 45.0 MB/s, 1 min left",
  );
  const long = line("mistralai_Mistral-Small-3.2-24B-Instruct", { secondsLeft: 86_399 });
  assert.equal(
    long,
    "mistralai_Mistral-S… ███████░░░░░░░░░░░░░░░░░ 30 %, 45.0 MB/s, 23 h 59 min left",
  );
  assert.ok(long.length <= 80, String(long.length));
  assert.equal(
    line("m", { bytesPerSecond: 0, secondsLeft: null }),
    "m ███████░░░░░░░░░░░░░░░░░ 30 %",
  );
});

Deno.test("durationText() says seconds, minutes, or hours and minutes", () => {
  const cases: [number, string][] = [[1, "1 s"], [59, "59 s"], [60, "1 min"], [3_700, "1 h 1 min"]];
  for (const [seconds, text] of cases) assert.equal(durationText(seconds), text);
});
