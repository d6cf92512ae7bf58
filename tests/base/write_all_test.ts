import assert from "node:assert/strict";
import fc from "fast-check";
import { WRITE_BYTES, writeAll } from "../../src/base/write_all.ts";

/** A file that takes no more at once than it likes. */
class ReluctantFile {
  readonly taken: number[] = [];

  constructor(readonly most: number) {}

  write(bytes: Uint8Array): Promise<number> {
    const part = bytes.subarray(0, this.most);
    this.taken.push(...part);
    return Promise.resolve(part.length);
  }
}

Deno.test("a file gets all bytes in their order, whatever it takes at once", async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), async (bytes, most) => {
      const file = new ReluctantFile(most);
      await writeAll(file, bytes);
      assert.deepEqual(file.taken, [...bytes]);
    }),
  );
});

Deno.test("no call gives a file more than is cheap to take", async () => {
  const sizes: number[] = [];
  const file = {
    write: ({ length }: Uint8Array) => {
      sizes.push(length);
      return Promise.resolve(length);
    },
  };
  await writeAll(file, new Uint8Array(2 * WRITE_BYTES + 1));
  assert.deepEqual(sizes, [WRITE_BYTES, WRITE_BYTES, 1]);
});
