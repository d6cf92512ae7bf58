import fc from "fast-check";
import assert from "node:assert/strict";
import { matchName } from "../../../src/api/routing/model_name.ts";

Deno.test("matchName() takes the name itself, else another case of it, else what begins like it", () => {
  const names = ["Qwen3-8B-Q4", "Qwen3-8B", "llama-3", "LLAMA-3", "guide"];
  const table: [string, string | string[] | null][] = [
    ["guide", "guide"],
    ["GUIDE", "guide"],
    ["gui", "guide"],
    ["Qwen3-8B", "Qwen3-8B"],
    ["qwen3-8b", "Qwen3-8B"],
    ["qwen3-8b-", "Qwen3-8B-Q4"],
    ["qwen", ["Qwen3-8B-Q4", "Qwen3-8B"]],
    ["llama-3", "llama-3"],
    ["Llama-3", ["llama-3", "LLAMA-3"]],
    ["llama-", ["llama-3", "LLAMA-3"]],
    ["uide", null],
    ["guide2", null],
  ];
  for (const [asked, expected] of table) {
    const match = matchName(asked, names);
    const found = match.kind === "one" ? match.name : match.kind === "none" ? null : match.names;
    assert.deepEqual(found, expected, asked);
  }
  assert.deepEqual(matchName("guide", []), { kind: "none" });
});

Deno.test("matchName() always finds a name by itself, whatever else is there", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), (names) => {
    for (const name of names) {
      assert.deepEqual(matchName(name, names), { kind: "one", name });
    }
  }));
});
