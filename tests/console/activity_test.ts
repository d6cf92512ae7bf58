import assert from "node:assert/strict";
import fc from "fast-check";
import type { RequestRecord } from "../../src/api/base/types.ts";
import {
  filterLines,
  filterText,
  hostRates,
  memorySeries,
  outcomeOf,
  phasesOf,
  rateOf,
  seriesOf,
} from "../../console/src/lib/activity.ts";
import { BUCKET_MS, BUCKETS } from "../../console/src/lib/defaults.ts";
import { requestRecord } from "../api/fake_node.ts";
import { mergeLines } from "../../console/src/lib/log_lines.ts";

function request(of: Partial<RequestRecord> = {}): RequestRecord {
  return requestRecord({
    time: "2026-01-01T00:00:00.000Z",
    host: "h",
    queueMs: 10,
    connectMs: 20,
    firstByteMs: 130,
    totalMs: 1_130,
    tokensOut: 100,
    ...of,
  });
}

Deno.test("phasesOf() tells where the time went", () => {
  assert.deepEqual(phasesOf(request()), [
    { name: "queue", ms: 10 },
    { name: "network", ms: 20 },
    { name: "prompt", ms: 100 },
    { name: "generation", ms: 1_000 },
  ]);
  assert.deepEqual(phasesOf(request({ queueMs: 0, connectMs: null, firstByteMs: null })), [
    { name: "prompt", ms: 1_130 },
  ]);
});

Deno.test("the phases of any request add up to its time, and none is negative", () => {
  const ms = fc.nat(10_000);
  const maybe = fc.option(ms);
  fc.assert(fc.property(ms, maybe, maybe, ms, (queueMs, connectMs, firstByteMs, totalMs) => {
    const phases = phasesOf(request({ queueMs, connectMs, firstByteMs, totalMs }));
    assert.ok(phases.every(({ ms }) => ms > 0));
    assert.equal(phases.reduce((sum, { ms }) => sum + ms, 0), totalMs);
  }));
});

Deno.test("rateOf() counts tokens over the time of the answer", () => {
  assert.equal(rateOf(request()), 100);
  assert.equal(rateOf(request({ tokensOut: null })), null);
  assert.equal(rateOf(request({ tokensOut: 1 })), null);
  assert.equal(rateOf(request({ firstByteMs: 1_130 })), null);
  assert.equal(rateOf(request({ firstByteMs: 1_129.6 })), null, "240,000 tokens a second");
  assert.equal(rateOf(request({ streamed: false, firstByteMs: 1_100 })), null, "in one piece");
});

Deno.test("outcomeOf() has words for each end", () => {
  const text = (of: Partial<RequestRecord>) => outcomeOf(request(of)).text;
  assert.equal(text({}), "answered");
  assert.equal(text({ retries: 1 }), "answered, not by the first");
  assert.equal(text({ continuations: 1 }), "continued on another machine");
  assert.equal(text({ status: 499 }), "given up by the caller");
  assert.equal(text({ status: 502 }), "failed (502)");
});

Deno.test("seriesOf() counts tokens where they were made and requests where they ended", () => {
  const now = Date.parse("2026-01-01T00:01:00.000Z");
  // Its answer runs from 8 to 12 s: half of it in each of two buckets of 10 s.
  const one = request({ firstByteMs: 8_000, totalMs: 12_000, tokensOut: 40 });
  const { times, tokenRate, requests } = seriesOf([one], now);
  assert.equal(times.length, BUCKETS);
  assert.equal(times.at(-1), now / 1000);
  const seconds = BUCKET_MS / 1000;
  assert.deepEqual(tokenRate.slice(-6), [20 / seconds, 20 / seconds, 0, 0, 0, 0]);
  assert.deepEqual(requests.slice(-6), [0, 1, 0, 0, 0, 0]);
  assert.deepEqual(seriesOf([one], now + 3_600_000).requests, new Array(BUCKETS).fill(0));
});

Deno.test("hostRates() counts what each machine made of late, and nothing older", () => {
  const ended = Date.parse("2026-01-01T00:00:00.000Z") + 1_130;
  const records = [request(), request({ host: "other", tokensOut: 50 }), request({ host: null })];
  assert.deepEqual([...hostRates(records, ended + 5_000)], [["h", 10], ["other", 5]]);
  assert.equal(hostRates(records, ended + 10_001).size, 0);
});

Deno.test("memorySeries() goes on to now with what was said last", () => {
  assert.deepEqual(memorySeries([{ atMs: 1_000, usedBytes: 7 }], 5_000), {
    times: [1, 5],
    values: [7, 7],
  });
  assert.deepEqual(memorySeries([], 5_000), { times: [], values: [] });
});

const line = (message: string, level = "info", time = "1") => ({
  time,
  level,
  event: "log",
  message,
});

Deno.test("logs are filtered by text and by trouble", () => {
  const lines = [line("Serving guide"), line("mini does not answer", "warning")];
  assert.deepEqual(filterLines(lines, { text: "GUIDE", trouble: false }), [lines[0]]);
  assert.deepEqual(filterLines(lines, { text: "", trouble: true }), [lines[1]]);
  const log = "main: loaded\nerror: no device\n\n";
  assert.deepEqual(filterText(log, { text: "", trouble: false }), [
    "main: loaded",
    "error: no device",
  ]);
  assert.deepEqual(filterText(log, { text: "", trouble: true }), ["error: no device"]);
});

Deno.test("mergeLines() shows each line once, in order of time", () => {
  const live = [{ ...line("b", "info", "2"), number: 7 }, { ...line("c", "info", "3"), number: 8 }];
  const earlier = [line("a", "info", "1"), line("b", "info", "2")];
  assert.deepEqual(mergeLines(earlier, live).map(({ message }) => message), ["a", "b", "c"]);
});
