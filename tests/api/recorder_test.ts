import assert from "node:assert/strict";
import { Recorder } from "../../src/api/recorder.ts";
import type { RequestRecord } from "../../src/api/types.ts";

Deno.test("Recorder measures from the arrival of a request and records it once", () => {
  const records: RequestRecord[] = [];
  let now = Date.UTC(2026, 0, 2);
  const recorder = new Recorder({
    id: "r1",
    path: "/v1/chat/completions",
    now: () => now,
    record: (request) => records.push(request),
  });
  recorder.model = "guide";
  recorder.host = "a";
  now += 5;
  recorder.passed(new TextEncoder().encode('{"usage":{"completion_tokens":2}'));
  now += 10;
  recorder.passed(new TextEncoder().encode("}"));
  recorder.end(200);
  recorder.end(499);
  assert.deepEqual(records, [{
    id: "r1",
    time: "2026-01-02T00:00:00.000Z",
    model: "guide",
    host: "a",
    path: "/v1/chat/completions",
    status: 200,
    firstByteMs: 5,
    totalMs: 15,
    tokensOut: 2,
  }]);
});

Deno.test("Recorder says that nobody answered", () => {
  const records: RequestRecord[] = [];
  const record = (request: RequestRecord) => void records.push(request);
  new Recorder({ id: "r1", path: "/v1/x", now: () => 0, record }).end(503);
  const [only] = records;
  assert.deepEqual([only?.host, only?.firstByteMs, only?.tokensOut], [null, null, null]);
});

Deno.test("Recorder keeps no more of a caller's words than a name can be long", () => {
  const records: RequestRecord[] = [];
  const path = `/v1/${"x".repeat(10_000)}`;
  const record = (request: RequestRecord) => void records.push(request);
  const recorder = new Recorder({ id: "r1", path, now: () => 0, record });
  recorder.model = "m".repeat(10_000);
  recorder.end(404);
  assert.ok(JSON.stringify(records).length < 500);
});
