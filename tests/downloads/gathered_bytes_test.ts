import assert from "node:assert/strict";
import fc from "fast-check";
import { GatheredBytes } from "../../src/downloads/gathered_bytes.ts";

Deno.test("gathered bytes leave whole, in order and by the buffer", async () => {
  const piece = fc.uint8Array({ maxLength: 40 });
  await fc.assert(fc.asyncProperty(
    fc.array(piece, { maxLength: 20 }),
    fc.integer({ min: 1, max: 16 }),
    async (pieces, bufferBytes) => {
      const out: Uint8Array[] = [];
      const gathered = new GatheredBytes(bufferBytes, async (bytes) => {
        out.push(bytes.slice());
        await Promise.resolve();
      });
      for (const bytes of pieces) {
        await gathered.write(bytes);
        bytes.fill(0xee); // free again
      }
      await gathered.flush();
      await gathered.flush();
      assert.deepEqual(
        out.slice(0, -1).map(({ length }) => length),
        out.slice(0, -1).map(() => bufferBytes),
      );
      assert.equal(out.reduce((sum, { length }) => sum + length, 0), total(pieces));
    },
  ));
});

Deno.test("gathered bytes are those that were written", async () => {
  const out: number[] = [];
  const gathered = new GatheredBytes(3, (bytes) => {
    out.push(...bytes);
    return Promise.resolve();
  });
  for (const bytes of [[1], [2, 3, 4, 5, 6, 7], [], [8]]) {
    await gathered.write(Uint8Array.from(bytes));
  }
  await gathered.flush();
  assert.deepEqual(out, [1, 2, 3, 4, 5, 6, 7, 8]);
});

function total(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
