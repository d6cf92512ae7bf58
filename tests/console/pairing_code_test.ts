import assert from "node:assert/strict";
import fc from "fast-check";
import {
  codeDigits,
  editCode,
  groupedCode,
  isWholeCode,
} from "../../console/src/lib/pairing_code.ts";

Deno.test("groupedCode() takes a code as people type and paste it", () => {
  const table: readonly [typed: string, shown: string][] = [
    ["", ""],
    ["4", "4"],
    ["482", "482"],
    ["4829", "482-9"],
    ["482913", "482-913"],
    ["482-913", "482-913"],
    ["482-", "482"],
    [" 482 913\n", "482-913"],
    ["Code 482\u2013913. Type it on a machine of the mesh.", "482-913"],
    ["\uff14\uff18\uff12\uff19\uff11\uff13", "482-913"],
    ["4829137", "482-913"],
    ["none", ""],
  ];
  for (const [typed, shown] of table) assert.equal(groupedCode(typed), shown, typed);
});

Deno.test("isWholeCode() wants six digits", () => {
  for (const code of ["482-913", "482913", "000 000"]) assert.ok(isWholeCode(code), code);
  for (const code of ["", "482-91", "48291x"]) assert.ok(!isWholeCode(code), code);
});

Deno.test("editCode() leaves the caret behind the digit that it stood behind", () => {
  const table: readonly [text: string, shown: string][] = [
    ["4829|", "482-9|"],
    ["482|9", "482|-9"],
    ["48|9-13", "48|9-13"],
    ["4827|-913", "482-7|91"],
    ["482|913", "482|-913"],
    ["|482-913", "|482-913"],
    ["4x|8", "4|8"],
  ];
  for (const [before, after] of table) {
    const caret = before.indexOf("|");
    const edit = editCode({ text: before.replace("|", ""), caret });
    assert.equal(`${edit.text.slice(0, edit.caret)}|${edit.text.slice(edit.caret)}`, after, before);
  }
});

Deno.test("a grouped code keeps its digits, and stays as it is when it is grouped again", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const shown = groupedCode(text);
    assert.match(shown, /^\d{0,3}$|^\d{3}-\d{1,3}$/);
    assert.equal(codeDigits(shown), codeDigits(text));
    assert.equal(groupedCode(shown), shown);
  }));
});
