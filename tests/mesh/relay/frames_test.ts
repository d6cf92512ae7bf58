import assert from "node:assert/strict";
import fc from "fast-check";
import { BadMessageError } from "../../../src/mesh/base/cbor.ts";
import { MAX_PATH_DATAGRAM_BYTES } from "../../../src/mesh/base/datagram_path.ts";
import { RELAY_QUEUE_BYTES } from "../../../src/mesh/base/defaults.ts";
import { ByteMeter, spendBoth } from "../../../src/mesh/relay/budget.ts";
import { DatagramSender } from "../../../src/mesh/relay/datagram_sender.ts";
import { FRAME_HEAD_BYTES, FrameReader, putFrame } from "../../../src/mesh/relay/frames.ts";

function framed(datagrams: readonly Uint8Array[]): Uint8Array {
  const length = datagrams.reduce((sum, one) => sum + FRAME_HEAD_BYTES + one.byteLength, 0);
  const buffer = new Uint8Array(length);
  datagrams.reduce((at, one) => putFrame(buffer, at, one), 0);
  return buffer;
}

function readIn(pieces: readonly Uint8Array[]): number[][] {
  const reader = new FrameReader();
  const read: number[][] = [];
  for (const piece of pieces) reader.push(piece, (datagram) => read.push([...datagram]));
  return read;
}

const datagram = fc.uint8Array({ minLength: 1, maxLength: 40 });

Deno.test("datagrams come back whole, however the stream cuts them", () => {
  fc.assert(
    fc.property(fc.array(datagram, { maxLength: 8 }), fc.array(fc.nat(300)), (all, cuts) => {
      const bytes = framed(all);
      const places = [...new Set(cuts.map((cut) => cut % (bytes.byteLength + 1)))].sort((a, b) =>
        a - b
      );
      const pieces = [0, ...places].map((from, i) => bytes.subarray(from, places[i]));
      assert.deepEqual(readIn(pieces), all.map((one) => [...one]));
    }),
  );
  const two = [new Uint8Array(MAX_PATH_DATAGRAM_BYTES).fill(7), Uint8Array.of(1, 2)];
  const bytes = framed(two);
  for (let cut = 0; cut <= bytes.byteLength; cut++) {
    const read = readIn([bytes.subarray(0, cut), bytes.subarray(cut)]);
    assert.deepEqual(read, two.map((one) => [...one]));
  }
  assert.deepEqual(
    readIn([...bytes].map((byte) => Uint8Array.of(byte))),
    two.map((one) => [...one]),
  );
});

Deno.test("a length that no datagram has ends the stream, also where it is cut", () => {
  for (const [high, low] of [[0, 0], [0x04, 0xb1], [0xff, 0xff]] as const) {
    const head = Uint8Array.of(high, low, 1);
    assert.throws(() => readIn([head]), BadMessageError);
    assert.throws(() => readIn([head.subarray(0, 1), head.subarray(1)]), BadMessageError);
  }
});

Deno.test("whatever a stream says, a reader takes it or refuses it, and holds one datagram at most", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (pieces) => {
    try {
      const read = readIn(pieces);
      const bytes = read.reduce((sum, one) => sum + one.length + FRAME_HEAD_BYTES, 0);
      assert.ok(bytes <= pieces.reduce((sum, one) => sum + one.byteLength, 0));
    } catch (error) {
      assert.ok(error instanceof BadMessageError);
    }
  }));
});

Deno.test("a stream that takes nothing makes no datagram wait: what is too much is dropped, the rest stays in order", async () => {
  const written: Uint8Array[] = [];
  let go = Promise.withResolvers<void>();
  const write = (bytes: Uint8Array) => {
    written.push(bytes.slice());
    return go.promise;
  };
  const sender = new DatagramSender({ write }, () => assert.fail("it is whole"));
  const one = new Uint8Array(1_000);
  const fits = Math.floor(RELAY_QUEUE_BYTES / (one.byteLength + FRAME_HEAD_BYTES));
  const send = (mark: number) => sender.send(one.fill(mark));
  assert.equal(send(1), true);
  await Promise.resolve();
  const outcomes = Array.from({ length: fits + 50 }, (_, i) => send(2 + i % 200));
  assert.equal(outcomes.filter(Boolean).length, fits);
  assert.equal(outcomes.indexOf(false), fits);
  assert.equal(sender.send(new Uint8Array(MAX_PATH_DATAGRAM_BYTES + 1)), false);
  assert.equal(sender.send(new Uint8Array(0)), false);
  go.resolve();
  await new Promise((done) => setTimeout(done));
  const marks = readIn(written).map(([mark]) => mark);
  assert.deepEqual(marks, [1, ...Array.from({ length: fits }, (_, i) => 2 + i % 200)]);
  go = Promise.withResolvers<void>();
  const broken = Promise.withResolvers<unknown>();
  const other = new DatagramSender(
    { write: () => Promise.reject(new Error("gone")) },
    broken.resolve,
  );
  other.send(one);
  assert.match(String(await broken.promise), /gone/);
  assert.equal(other.send(one), false);
});

Deno.test("neither a pair nor all of them together carry more than their budget", () => {
  const step = fc.record({
    pair: fc.nat(2),
    bytes: fc.integer({ min: 1, max: 1_200 }),
    ms: fc.nat(20),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const pairs = [0, 1, 2].map(() => new ByteMeter({ perSecond: 100_000, burst: 3_000 }));
    const all = new ByteMeter({ perSecond: 150_000, burst: 4_000 });
    const carried = [0, 0, 0];
    let now = 0;
    for (const { pair, bytes, ms } of steps) {
      now += ms;
      if (spendBoth(pairs[pair] as ByteMeter, all, bytes, now)) carried[pair]! += bytes;
      assert.ok(carried[pair]! <= 3_000 + now * 100 + 1e-6);
      assert.ok(carried.reduce((a, b) => a + b) <= 4_000 + now * 150 + 1e-6);
    }
  }));
});
