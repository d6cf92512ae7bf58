import fc from "fast-check";
import assert from "node:assert/strict";
import { asDisplayName, asReason, asVersionText } from "../../../src/mesh/base/names.ts";

Deno.test("asReason() makes one line of a sentence, without what a terminal would obey", () => {
  assert.equal(asReason("a\tb\r\nc"), "a b c");
  assert.equal(asReason("a\u001b[31mb\0"), "a[31mb");
  assert.equal(asReason("\t\0\t"), " ");
});

// A member that reads a word, and says it again, must be understood to say the same.
Deno.test("a word that was converted stays as it is when it is converted again", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("a", " ", "\t", "\n", "\0", "\u200b", "\ud800") }),
  );
  for (const make of [asReason, asDisplayName, asVersionText]) {
    fc.assert(fc.property(text, (raw) => assert.equal(make(make(raw)), make(raw))));
  }
});
