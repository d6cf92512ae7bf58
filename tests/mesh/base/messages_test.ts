import { concat } from "uint8arrays/concat";
import assert from "node:assert/strict";
import { z } from "zod";
import type { ByteStream } from "../../../src/mesh/base/byte_stream.ts";
import { BadMessageError } from "../../../src/mesh/base/cbor.ts";
import { MessageStream } from "../../../src/mesh/base/messages.ts";

/** Written bytes can be read, cut into pieces of a size. */
class Loopback implements ByteStream {
  #written: Uint8Array = new Uint8Array(0);
  readonly #pieceBytes: number;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  read(): Promise<Uint8Array | null> {
    const piece = this.#written.subarray(0, this.#pieceBytes);
    this.#written = this.#written.subarray(piece.byteLength);
    return Promise.resolve(piece.byteLength === 0 ? null : piece);
  }

  recycle(): void {}

  write(bytes: Uint8Array): Promise<void> {
    this.#written = concat([this.#written, bytes]);
    return Promise.resolve();
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  reset(): void {}
}

const schema = z.object({ text: z.string() });

Deno.test("messages come out one by one, however they were cut", async () => {
  for (const pieceBytes of [1, 3, 7, 1_000]) {
    const messages = new MessageStream(new Loopback(pieceBytes), 100);
    const sent = ["", "a", "some more words"].map((text) => ({ text }));
    for (const message of sent) await messages.write(message);
    for (const message of sent) assert.deepEqual(await messages.read(schema, "test"), message);
    assert.equal(await messages.read(schema, "test"), undefined);
    await assert.rejects(messages.expect(schema, "test"), BadMessageError);
  }
});

Deno.test("a message that is too large, cut off, of the wrong shape or no CBOR is an error", async () => {
  const cases: [number[], RegExp][] = [
    [[255, 255, 255, 255, 1], /more than are allowed/],
    [[0, 0, 0, 101], /more than are allowed/],
    [[0, 0], /ended within/],
    [[0, 0, 0, 5, 1, 2], /ended within/],
    [[0, 0, 0, 1, 7], /malformed at its top level/],
    [[0, 0, 0, 2, 0xff, 0xff], /not valid CBOR/],
    [[0, 0, 0, 0], /not valid CBOR/],
  ];
  for (const [bytes, expected] of cases) {
    const stream = new Loopback(1_000);
    await stream.write(Uint8Array.from(bytes));
    await assert.rejects(new MessageStream(stream, 100).read(schema, "test"), (error: Error) => {
      assert.ok(error instanceof BadMessageError);
      assert.match(error.message, expected);
      return true;
    });
  }
});
