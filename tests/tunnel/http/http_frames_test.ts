import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_BODY_FRAME_BYTES } from "../../../src/tunnel/base/defaults.ts";
import { FrameError } from "../../../src/tunnel/base/errors.ts";
import { encodeFrame } from "../../../src/tunnel/base/frame_codec.ts";
import {
  encodeHttpFrame,
  type HttpFrame,
  HttpFrameDecoder,
  type RequestHead,
} from "../../../src/tunnel/http/http_frames.ts";
import { cutAt, joined } from "../byte_cuts.ts";

const HEAD: RequestHead = {
  model: "guide",
  fingerprint: "ab12",
  requestId: "r-1",
  grant: null,
  method: "POST",
  path: "/v1/chat/completions?a=b",
  headers: [["content-type", "application/json"]],
};

/** A plain object, as the decoder makes them. */
function record<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const headers = fc.array(
  fc.tuple(fc.stringMatching(/^[a-z-]{1,20}$/), fc.stringMatching(/^[\x21-\x7e\xa1-\xff]{0,40}$/)),
  { maxLength: 10 },
);

const httpFrame: fc.Arbitrary<HttpFrame> = fc.oneof(
  record({
    type: fc.constant("request" as const),
    head: headers.map((headers) => ({ ...HEAD, headers })),
  }),
  record({
    type: fc.constant("reply" as const),
    head: record({ status: fc.integer({ min: 200, max: 599 }), headers }),
  }),
  record({ type: fc.constant("body" as const), bytes: fc.uint8Array({ maxLength: 2_000 }) }),
  record({ type: fc.constant("end" as const) }),
  record({ type: fc.constant("moved" as const) }),
  record({
    type: fc.constant("failed" as const),
    message: fc.string({ maxLength: 1_000 }),
    crashed: fc.boolean(),
  }),
);

function decodeAll(chunks: Uint8Array[]): HttpFrame[] {
  const decoder = new HttpFrameDecoder();
  const frames: HttpFrame[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let one = decoder.next(); one !== undefined; one = decoder.next()) frames.push(one);
  }
  return frames;
}

/** Frames as plain values: a body's bytes may come as a view of any kind. */
function plain(frames: HttpFrame[]): unknown[] {
  return frames.map((one) => one.type === "body" ? { ...one, bytes: [...one.bytes] } : one);
}

function refuses(bytes: Uint8Array): void {
  assert.throws(() => decodeAll([bytes]), FrameError);
}

function json(type: number, value: unknown): Uint8Array {
  return encodeFrame(type, new TextEncoder().encode(JSON.stringify(value)));
}

Deno.test("HttpFrameDecoder gives what was encoded, for any cut of the bytes", () => {
  fc.assert(fc.property(
    fc.array(httpFrame, { maxLength: 8 }),
    fc.array(fc.nat(3_000)),
    (frames, cuts) => {
      const decoded = decodeAll(cutAt(joined(frames.map(encodeHttpFrame)), cuts));
      assert.deepEqual(plain(decoded), plain(frames));
    },
  ));
});

Deno.test("HttpFrameDecoder throws FrameError and nothing else on random bytes", () => {
  const almost = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 300 }))
    .map(([type, payload]) => encodeFrame(type, payload));
  const any = fc.array(fc.oneof(almost, fc.uint8Array({ maxLength: 300 })));
  fc.assert(fc.property(any, (chunks) => {
    try {
      decodeAll(chunks);
    } catch (error) {
      assert.ok(error instanceof FrameError, String(error));
    }
  }));
});

Deno.test("HttpFrameDecoder throws FrameError and nothing else on random JSON in a head", () => {
  fc.assert(fc.property(fc.constantFrom(1, 2, 6), fc.jsonValue(), (type, value) => {
    try {
      decodeAll([json(type, value)]);
    } catch (error) {
      assert.ok(error instanceof FrameError, String(error));
    }
  }));
});

Deno.test("HttpFrameDecoder lets through only heads that the rest of the program can use", () => {
  const changes: Partial<Record<keyof RequestHead, unknown>>[] = [
    { model: "../guide" },
    { model: "a/../../b" },
    { model: "-m" },
    { fingerprint: "" },
    { requestId: "a\nb" },
    { grant: { models: ["guide"] } },
    { method: "post" },
    { path: "v1/models" },
    { path: "/v1/models HTTP/1.1" },
    { headers: [["content-type", "a\r\nx: y"]] },
    { headers: [["bad name", "a"]] },
    { headers: [["x", "\u20ac"]] },
    { headers: Array.from({ length: 257 }, () => ["x", "y"]) },
  ];
  assert.equal(decodeAll([json(1, HEAD)]).length, 1);
  for (const change of changes) refuses(json(1, { ...HEAD, ...change }));
  for (const status of [0, 101, 199, 600, 200.5, "200"]) refuses(json(2, { status, headers: [] }));
});

Deno.test("HttpFrameDecoder refuses a head that is deep, not UTF-8 or not whole", () => {
  refuses(encodeFrame(1, new TextEncoder().encode("[".repeat(200_000))));
  refuses(encodeFrame(1, new Uint8Array([0xff, 0xfe])));
  refuses(encodeFrame(1, new TextEncoder().encode(JSON.stringify(HEAD).slice(0, -1))));
});

Deno.test("HttpFrameDecoder takes the largest body frame and refuses one byte more", () => {
  assert.equal(decodeAll([encodeFrame(3, new Uint8Array(MAX_BODY_FRAME_BYTES))]).length, 1);
  refuses(encodeFrame(3, new Uint8Array(MAX_BODY_FRAME_BYTES + 1)).subarray(0, 5));
});

Deno.test("encodeHttpFrame refuses headers that the other end would refuse", () => {
  const headers = [["x", "y".repeat(300_000)]] as RequestHead["headers"];
  assert.throws(
    () => encodeHttpFrame({ type: "request", head: { ...HEAD, headers } }),
    /headers: \d+ bytes, 262144 are allowed/,
  );
});
