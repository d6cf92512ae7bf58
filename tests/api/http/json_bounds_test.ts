import fc from "fast-check";
import assert from "node:assert/strict";
import { excessOf } from "../../../src/api/http/json_bounds.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const bounds = { maxDepth: 3, maxValues: 5 };

Deno.test("excessOf() measures depth and number of values outside strings", () => {
  const table: [string, ReturnType<typeof excessOf>][] = [
    ["", null],
    ["[[[]]]", null],
    ["[[[[", "depth"],
    ['{"a":{"b":{"c":{}}}}', "depth"],
    ["[1,2,3,4]", null],
    ["[1,2,3,4,5,6]", "values"],
    ["[[],[],[]]", "values"],
    ['["[[[[[[,,,,,,,,"]', null],
    [String.raw`["\"[[[[[[\\"]`, null],
    [String.raw`["\\",[[[[`, "depth"],
    [String.raw`["\\\"[[[[`, null],
    ['"[[[[[', null],
    ["]]]][[[", null],
  ];
  for (const [text, expected] of table) {
    assert.equal(excessOf(bytesOf(text), bounds), expected, text);
  }
});

Deno.test("excessOf() finds no excess in JSON within the bounds", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => {
    assert.equal(excessOf(bytesOf(text)), null);
  }));
});

Deno.test("excessOf() takes a large image for one value", () => {
  const text = JSON.stringify({ image: "A".repeat(32 * 1024 * 1024) });
  assert.equal(excessOf(bytesOf(text)), null);
});
