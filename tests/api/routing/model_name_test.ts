import fc from "fast-check";
import assert from "node:assert/strict";
import { begunNames, sameName } from "../../../src/api/routing/model_name.ts";

const NAMES = ["Qwen3-8B-Q4", "Qwen3-8B", "llama-3", "LLAMA-3", "guide"];

Deno.test("sameName() takes the name itself, else another case of it", () => {
  const table: [string, string[]][] = [
    ["guide", ["guide"]],
    ["GUIDE", ["guide"]],
    ["gui", []],
    ["qwen3-8b", ["Qwen3-8B"]],
    ["llama-3", ["llama-3"]],
    ["Llama-3", ["llama-3", "LLAMA-3"]],
  ];
  for (const [asked, expected] of table) {
    assert.deepEqual(sameName(asked, NAMES), expected, asked);
  }
});

Deno.test("begunNames() takes what begins like it, in any case", () => {
  const table: [string, string[]][] = [
    ["gui", ["guide"]],
    ["qwen3-8b-", ["Qwen3-8B-Q4"]],
    ["qwen", ["Qwen3-8B-Q4", "Qwen3-8B"]],
    ["llama-", ["llama-3", "LLAMA-3"]],
    ["uide", []],
    ["guide2", []],
  ];
  for (const [asked, expected] of table) {
    assert.deepEqual(begunNames(asked, NAMES), expected, asked);
  }
});

Deno.test("sameName() always finds a name by itself, whatever else is there", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), (names) => {
    for (const name of names) assert.deepEqual(sameName(name, names), [name]);
  }));
});
