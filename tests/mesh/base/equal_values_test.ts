import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { equalValues } from "../../../src/mesh/base/equal_values.ts";

/** Few keys and values, so that two are often alike. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(undefined, null, 0, 1, "", "a"),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("x", "y"), tie("value"), { maxKeys: 2, noNullPrototype: true }),
  ),
}));

/** A property that is `undefined` is left out; in an array it holds a place. */
function told(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== "object" || value === null) return value;
  const said = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(said.map(([key, one]) => [key, told(one)]));
}

// Libraries count a property that is `undefined`, and a member would announce itself anew for it.
Deno.test("equalValues() is node's equality of what is told, where undefined is not told", () => {
  assert.ok(equalValues({ a: 1, b: undefined }, { a: 1 }));
  fc.assert(
    fc.property(value, value, (a, b) => {
      assert.equal(equalValues(a, b), isDeepStrictEqual(told(a), told(b)));
      assert.ok(equalValues(a, told(a)));
    }),
    { numRuns: 2_000 },
  );
});
