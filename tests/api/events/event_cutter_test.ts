import fc from "fast-check";
import assert from "node:assert/strict";
import { datasOf, EventCutter } from "../../../src/api/events/event_cutter.ts";

const event = fc.tuple(
  fc.constantFrom("data: ", "data:", ": ", "event: x\ndata: "),
  fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, "")),
).map((parts) => parts.join(""));

Deno.test("EventCutter gives the same whole events, wherever the bytes are cut", () => {
  fc.assert(fc.property(
    fc.array(event, { maxLength: 8 }),
    fc.constantFrom("\n\n", "\r\n\r\n"),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
    (events, end, cuts) => {
      const bytes = new TextEncoder().encode(events.map((one) => one + end).join("") + "data: hal");
      const cutter = new EventCutter();
      const decoder = new TextDecoder("utf-8", { fatal: true });
      let given = "";
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const length = cuts[cut % cuts.length] ?? 1;
        const piece = decoder.decode(cutter.push(bytes.subarray(at, at + length)));
        assert.ok(piece === "" || piece.endsWith(end));
        given += piece;
        at += length;
      }
      assert.equal(given, events.map((one) => one + end).join(""));
      assert.equal(new TextDecoder().decode(cutter.rest()), "data: hal");
    },
  ));
});

Deno.test("EventCutter passes a chunk of whole events on without copying it", () => {
  const chunk = new TextEncoder().encode("data: 1\n\n");
  assert.equal(new EventCutter().push(chunk).buffer, chunk.buffer);
});

// Every piece was once joined to all before it, and all of it looked through: 500 GB here, which would not end.
Deno.test("EventCutter takes a large event in small pieces, once each", () => {
  const cutter = new EventCutter();
  const piece = new TextEncoder().encode("data: 0123456789");
  const count = 4 * 1024 * 1024 / piece.length;
  for (let n = 0; n < count; n++) assert.equal(cutter.push(piece).length, 0);
  const event = cutter.push(new TextEncoder().encode("\n\nrest"));
  assert.equal(event.length, count * piece.length + 2);
  assert.equal(new TextDecoder().decode(cutter.rest()), "rest");
});

Deno.test("EventCutter gives up on an event that does not end", () => {
  const cutter = new EventCutter();
  const chunk = new Uint8Array(1024 * 1024);
  assert.throws(() => {
    for (let count = 0; count < 8; count++) cutter.push(chunk);
  }, RangeError);
});

Deno.test("datasOf() reads what events say, and passes comments over", () => {
  const events = ": waiting\n\ndata: a\ndata: b\n\nevent: x\r\ndata:c\r\n\r\n";
  assert.deepEqual(datasOf(new TextEncoder().encode(events)), ["a\nb", "c"]);
});

Deno.test("datasOf() reads every event, and the last one whose end never came", () => {
  const data = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, " "));
  const ends = fc.constantFrom("\n", "\r\n");
  fc.assert(fc.property(fc.array(data), ends, fc.boolean(), (datas, end, isWhole) => {
    const text = datas.map((one) => `event: x${end}data: ${one}${end}`).join(end);
    const piece = new TextEncoder().encode(isWhole ? text + end : text);
    assert.deepEqual(datasOf(piece), datas);
  }));
});
