import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonLine } from "../../../src/cli/terminal/log_line.ts";
import { record } from "../records.ts";

Deno.test("jsonLine() puts time, level, event and message before the fields", () => {
  const fields = { event: "serving", model: "guide", mode: "solo", loadMs: 812 };
  const line = jsonLine(record(fields, { message: ["Serving ", "guide", " alone"] }));
  assert.equal(
    line,
    '{"time":"2026-01-02T03:04:05.678Z","level":"info","event":"serving",' +
      '"message":"Serving guide alone","model":"guide","mode":"solo","loadMs":812}\n',
  );
});

Deno.test('jsonLine() calls a line without an event "log"', () => {
  assert.equal(JSON.parse(jsonLine(record({}))).event, "log");
});

Deno.test("jsonLine() lets no field stand in for its own", () => {
  const parsed = JSON.parse(jsonLine(record({ time: 1, level: 2, message: 3, event: 4 })));
  assert.deepEqual(parsed, {
    time: "2026-01-02T03:04:05.678Z",
    level: "info",
    event: "log",
    message: "Something happened",
  });
});

Deno.test("jsonLine() shows errors and large numbers", () => {
  const error = new TypeError("no");
  const line = jsonLine(record({ error, bytes: 2n ** 64n }, { message: ["Failed: ", error, ""] }));
  const { message, error: shown, bytes } = JSON.parse(line);
  assert.equal(message, "Failed: no");
  assert.deepEqual(shown, { name: "TypeError", message: "no" });
  assert.equal(bytes, "18446744073709551616");
});

Deno.test("jsonLine() is one line and one object, whatever is logged", () => {
  const anything = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(fc.property(anything, fc.string(), (fields, text) => {
    const line = jsonLine(record(fields, { message: [text] }));
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.equal(JSON.parse(line).message, text);
  }));
});
