import assert from "node:assert/strict";
import fc from "fast-check";
import { SseDecoder } from "../../console/src/lib/sse.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function decode(...pieces: Uint8Array[]): string[] {
  const decoder = new SseDecoder();
  return pieces.flatMap((piece) => decoder.push(piece));
}

/** The same bytes cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) =>
    a - b
  );
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

Deno.test("SseDecoder reads what the standard allows in a stream", () => {
  const table: [string, string[]][] = [
    ["data: one\n\n", ["one"]],
    ["data:one\n\ndata:  two\n\n", ["one", " two"]],
    ["data: a\ndata: b\n\n", ["a\nb"]],
    ["data\n\n", [""]],
    [": comment\n\nevent: status\nid: 7\nretry: 1\ndata: x\n\n", ["x"]],
    ["data: cr\r\rdata: crlf\r\n\r\n", ["cr", "crlf"]],
    ["\ufeffdata: after a byte order mark\n\n", ["after a byte order mark"]],
    ["database: no\n\n", []],
    ["data: never ended\n", []],
    ["", []],
  ];
  for (const [stream, events] of table) assert.deepEqual(decode(encode(stream)), events, stream);
});

Deno.test("SseDecoder finds the same events wherever the bytes are cut", () => {
  const line = fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\n]/g, " "));
  const event = fc.tuple(
    fc.array(line, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("\n", "\r\n"),
  );
  fc.assert(fc.property(
    fc.array(event, { maxLength: 5 }),
    fc.array(fc.nat(), { maxLength: 20 }),
    (events, places) => {
      const bytes = encode(
        events.map(([lines, end]) => lines.map((text) => `data: ${text}${end}`).join("") + end)
          .join(""),
      );
      const whole = decode(bytes);
      assert.equal(whole.length, events.length);
      assert.deepEqual(decode(...cut(bytes, places)), whole);
    },
  ));
});

Deno.test("SseDecoder gives back each text as it was sent, byte by byte", () => {
  const bytes = encode("data: Grüße 🦙\r\n\r\ndata: 日本\r\n\r\n");
  assert.deepEqual(decode(...cut(bytes, [...bytes.keys()])), ["Grüße 🦙", "日本"]);
});
