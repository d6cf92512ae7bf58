import assert from "node:assert/strict";
import { Recorder } from "../../../src/api/openai/recorder.ts";
import type { RequestRecord } from "../../../src/api/base/types.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A recorder with a clock that the test moves. */
function setUp({ path = "/v1/chat/completions", prompts = false } = {}) {
  const records: RequestRecord[] = [];
  const clock = { nowMs: Date.UTC(2026, 0, 2) };
  const recorder = new Recorder({
    id: "r1",
    path,
    prompts,
    now: () => clock.nowMs,
    record: (request) => records.push(request),
  });
  return { recorder, records, clock };
}

Deno.test("Recorder counts what an instance waited for a slot as waiting, and no more than it took", () => {
  for (const [said, queueMs] of [[300, 320], [9_000_000, 1_020]] as const) {
    const { recorder, records, clock } = setUp();
    recorder.received(bytesOf("{}"));
    clock.nowMs += 10;
    recorder.asking();
    recorder.waited(5);
    clock.nowMs += 10;
    recorder.asking();
    clock.nowMs += 4;
    recorder.connected();
    clock.nowMs += 1_000;
    recorder.waited(said);
    recorder.passed(bytesOf("data: {}\n\n"));
    recorder.end(200);
    assert.equal(records[0]?.queueMs, queueMs);
    assert.equal(records[0]?.connectMs, 4);
    assert.equal(records[0]?.firstByteMs, 1_024);
  }
});

Deno.test("Recorder measures each part of a request and records it once", () => {
  const { recorder, records, clock } = setUp();
  clock.nowMs += 1;
  recorder.received(bytesOf("{}"));
  recorder.model = "guide";
  clock.nowMs += 20;
  recorder.asking();
  clock.nowMs += 300;
  recorder.connected();
  clock.nowMs += 4_000;
  recorder.asking();
  clock.nowMs += 50_000;
  recorder.connected();
  recorder.host = "a";
  clock.nowMs += 600_000;
  recorder.passed(bytesOf('{"usage":{"completion_tokens":2,"prompt_tokens":7}'));
  recorder.asking();
  recorder.connected();
  clock.nowMs += 7_000_000;
  recorder.passed(bytesOf("}"));
  recorder.end(200);
  recorder.end(499);
  assert.deepEqual(records, [{
    id: "r1",
    time: "2026-01-02T00:00:00.000Z",
    model: "guide",
    host: "a",
    path: "/v1/chat/completions",
    status: 200,
    queueMs: 4_320,
    connectMs: 50_000,
    firstByteMs: 654_321,
    totalMs: 7_654_321,
    tokensIn: 7,
    tokensOut: 2,
    streamed: false,
    retries: 1,
    continuations: 1,
    continuedBy: [],
  }]);
});

Deno.test("Recorder says that nobody answered, and for how long the request waited", () => {
  const { recorder, records, clock } = setUp();
  clock.nowMs += 5;
  recorder.received(bytesOf("{}"));
  clock.nowMs += 70;
  recorder.end(503);
  const [only] = records;
  assert.deepEqual([only?.host, only?.firstByteMs, only?.tokensOut], [null, null, null]);
  assert.deepEqual([only?.queueMs, only?.connectMs, only?.retries], [70, null, 0]);
});

Deno.test("Recorder keeps no more of a caller's words than a name can be long", () => {
  const { recorder, records } = setUp({ path: `/v1/${"x".repeat(10_000)}` });
  recorder.received(bytesOf("a prompt".repeat(1_000)));
  recorder.model = "m".repeat(10_000);
  recorder.end(404);
  assert.ok(JSON.stringify(records).length < 700);
});

Deno.test("Recorder keeps the start of a prompt where that is wanted", () => {
  for (const letter of ["a", "\u20ac"]) {
    const { recorder, records } = setUp({ prompts: true });
    recorder.received(bytesOf(letter.repeat(1_000_000)));
    recorder.end(200);
    assert.equal(records[0]?.prompt, letter.repeat(4_000));
  }
});
