import assert from "node:assert/strict";
import fc from "fast-check";
import { reuse } from "../../console/src/lib/reuse.ts";

Deno.test("reuse() keeps what equals its counterpart, and only that", () => {
  const before = { same: { a: [1, 2] }, list: [{ id: 1 }, { id: 2 }], gone: 1 };
  const after = reuse(before, { same: { a: [1, 2] }, list: [{ id: 1 }, { id: 3 }] });
  assert.deepEqual(after, { same: { a: [1, 2] }, list: [{ id: 1 }, { id: 3 }] });
  assert.equal(after.same, before.same);
  assert.equal(after.list[0], before.list[0]);
  assert.notEqual(after.list, before.list);
});

Deno.test("reuse() never changes a value, and of an equal one gives the first back", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
    assert.deepEqual(reuse(a, b), b);
    const copy = structuredClone(a);
    assert.equal(reuse(a, copy), a);
  }));
});
