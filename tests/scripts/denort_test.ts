import assert from "node:assert/strict";
import { checked, DenortMissingError, withoutPayload } from "../../scripts/denort.ts";

Deno.test("withoutPayload() keeps a file up to its tables, and puts its header back", () => {
  const file = Uint8Array.from({ length: 2_000 }, (_, index) => index % 251);
  const tables = { sectionsAt: 1_000, sections: 3, programHeaders: 12 };
  const base = withoutPayload(file, tables);
  assert.equal(base.length, 1_000 + 3 * 64);
  const header = new DataView(base.buffer);
  assert.equal(header.getBigUint64(32, true), 64n);
  assert.equal(header.getBigUint64(40, true), 1_000n);
  assert.equal(header.getUint16(56, true), 12);
  assert.equal(header.getUint16(60, true), 3);
  const changed = [...base].flatMap((byte, index) => byte === file[index] ? [] : [index]);
  assert.ok(changed.every((index) => index >= 32 && index < 62));
});

Deno.test("a base executable is made of no other package than the one that is known", () => {
  for (const other of [new Uint8Array(), new Uint8Array(100), new Uint8Array(5_000)]) {
    assert.throws(() => checked(other), DenortMissingError);
  }
});
