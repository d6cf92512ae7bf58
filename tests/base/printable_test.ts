import assert from "node:assert/strict";
import fc from "fast-check";
import {
  jsonText,
  printable,
  printableAll,
  printableLines,
  TEXT_CHARS_MAX,
} from "../../src/base/printable.ts";

/** Characters that a terminal obeys, and invisible ones. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const shown: [what: string, text: string, shown: string][] = [
  ["a colour", "a\x1b[31mb", "a [31mb"],
  ["a line of its own", "a\r\nWarning: b", "a Warning: b"],
  ["a command of 8 bits", "a\u009b2Jb", "a 2Jb"],
  ["Unicode's line ends", "a\u2028b\u2029c\u0085d", "a b c d"],
  ["a text that runs backwards", "evil\u202egpj.exe", "evilgpj.exe"],
  ["joiners, fillers, tags and halves", "a\u200d\u3164\u{e0041}\ud800b", "ab"],
  ["spaces around it", " \t a b ", "a b"],
  ["letters of any script", "Zoë 機械 🖥️", "Zoë 機械 🖥️"],
];

for (const [what, text, expected] of shown) {
  Deno.test(`printable() shows ${what} as ${JSON.stringify(expected)}`, () => {
    assert.equal(printable(text), expected);
    assert.deepEqual(printableAll({ a: [text], n: 1, z: null }), { a: [expected], n: 1, z: null });
  });
}

const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constant("\ud800\x1b"));

Deno.test("printable() is one line that nothing steers, and as long as it may be", () => {
  fc.assert(fc.property(anyText, fc.integer({ min: 1, max: 20 }), (text, max) => {
    const line = printable(text, max);
    assert.doesNotMatch(line, HARMFUL);
    assert.ok(line.length <= max);
    assert.equal(printable(line, max), line);
  }));
  assert.equal(printable("x".repeat(1e6)).length, TEXT_CHARS_MAX);
});

Deno.test("printableLines() keeps lines and what is to be read in them", () => {
  assert.equal(printableLines("a\n  b\x1b[2J\tc\r\n"), "a\n  b [2J\tc \n");
  assert.equal(printableLines("👩\u200d💻 \u202emi\u200c"), "👩\u200d💻 mi\u200c");
  fc.assert(fc.property(anyText, (text) => {
    const lines = printableLines(text);
    assert.doesNotMatch(lines.replace(/[\n\t\u200c\u200d]/g, ""), HARMFUL);
    assert.equal(lines.split("\n").length, text.split("\n").length);
  }));
});

Deno.test("jsonText() is the same data, without what a terminal obeys", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
    const text = jsonText(value);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    assert.doesNotMatch(text.replaceAll("\n", ""), HARMFUL);
  }));
  const name = "a\u202e\u009b\u{e0041}b";
  assert.deepEqual(JSON.parse(jsonText({ name }, { indent: 2 })), { name });
});
