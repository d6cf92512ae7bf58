import fc from "fast-check";
import assert from "node:assert/strict";
import { MessageDecoder } from "../../../src/tunnel/weights/messages.ts";
import { Outbox } from "../../../src/tunnel/weights/outbox.ts";
import { newRpcCounts } from "../../../src/tunnel/weights/rpc_counts.ts";
import { GATHERED_BYTES } from "../../../src/tunnel/weights/weight_defaults.ts";
import { joined } from "../byte_cuts.ts";
import { Pipe } from "./pipe.ts";

/** The RPC bytes that the other end makes of what was written. */
function bytesIn(written: Uint8Array): Uint8Array {
  const decoder = new MessageDecoder();
  decoder.push(written);
  const parts: Uint8Array[] = [];
  for (let message = decoder.next(); message; message = decoder.next()) {
    assert.equal(message.kind, "bytes");
    if (message.kind === "bytes") parts.push(message.bytes);
  }
  return joined(parts);
}

Deno.test("bytes that wait for more leave in order, whole, and no later than what follows them", async () => {
  const piece = fc.record({
    length: fc.oneof(fc.nat(700), fc.integer({ min: GATHERED_BYTES - 2, max: 2 * GATHERED_BYTES })),
    waits: fc.boolean(),
  });
  const property = fc.asyncProperty(fc.array(piece), fc.boolean(), async (pieces, framed) => {
    const pipe = new Pipe();
    using out = new Outbox(pipe, newRpcCounts());
    out.framed = framed;
    // As TCP is read: each piece in the buffer of the one before.
    const buffer = new Uint8Array(2 * GATHERED_BYTES);
    const expected: Uint8Array[] = [];
    let flushed = 0;
    for (const [index, { length, waits }] of pieces.entries()) {
      const bytes = buffer.subarray(0, length).fill(index + 1);
      expected.push(bytes.slice());
      out.bytes(bytes);
      await (waits ? out.gather() : out.flush());
      buffer.fill(0xee);
      if (!waits) flushed++;
    }
    await out.end();
    const written = await pipe.readToEnd();
    assert.deepEqual(framed ? bytesIn(written) : written, joined(expected));
    const large = Math.ceil(joined(expected).length / GATHERED_BYTES);
    assert.ok(pipe.writes <= flushed + 1 + 3 * large, `${pipe.writes} writes`);
  });
  await fc.assert(property, { numRuns: 60 });
});

Deno.test("bytes that nothing follows leave by themselves", async () => {
  const pipe = new Pipe();
  using out = new Outbox(pipe, newRpcCounts());
  out.bytes(Uint8Array.of(1, 2));
  assert.equal(out.gather(), undefined);
  assert.equal(pipe.writes, 0);
  assert.deepEqual(await pipe.read(), Uint8Array.of(1, 2));
});

Deno.test("an error of bytes that left by themselves meets the next writer", async () => {
  const pipe = new Pipe();
  const failed = Promise.withResolvers<void>();
  const sink = {
    write: (bytes: Uint8Array) => {
      queueMicrotask(failed.resolve);
      return pipe.write(bytes);
    },
    closeWrite: () => pipe.closeWrite(),
  };
  using out = new Outbox(sink, newRpcCounts());
  pipe.break(new Error("stopped"));
  out.bytes(Uint8Array.of(1));
  assert.equal(out.gather(), undefined);
  await failed.promise;
  out.bytes(Uint8Array.of(2));
  await assert.rejects(async () => await out.gather(), /stopped/);
});
