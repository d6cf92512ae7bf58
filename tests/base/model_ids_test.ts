import assert from "node:assert/strict";
import { isNamed, ModelIds, nameIn } from "../../src/base/model_ids.ts";

const A = { name: "guide", fingerprint: "aa".repeat(32) };
const B = { name: "guide", fingerprint: "bb".repeat(32) };

Deno.test("isNamed() takes the name, or enough digits behind it", () => {
  const table: [string, boolean][] = [
    ["guide", true],
    ["guide@aaaaaaaa", true],
    ["guide@AAAAAAAA", true],
    [`guide@${A.fingerprint}`, true],
    ["guide@aaaaaaa", false],
    ["guide@aaaaaaab", false],
    ["Guide@aaaaaaaa", false],
    ["guide@", false],
    ["@aaaaaaaa", false],
    ["guid", false],
  ];
  for (const [listed, expected] of table) assert.equal(isNamed(listed, A), expected, listed);
});

Deno.test("nameIn() leaves a name that is no id as it is", () => {
  const names = ["guide", "a@b", "guide@", "@aaaaaaaa", "guide@aaaaaaa", "guide@gggggggg"];
  for (const name of names) assert.equal(nameIn(name), name);
  assert.equal(nameIn("guide@aaaaaaaa"), "guide");
  assert.equal(nameIn("a@b@aaaaaaaa"), "a@b");
});

Deno.test("canonical() is the shortest text for the same model, and leaves others alone", () => {
  const [one, two] = [new ModelIds([A, A]), new ModelIds([A, B])];
  assert.equal(one.canonical("guide@aaaaaaaa"), "guide");
  assert.equal(one.canonical("guide@bbbbbbbb"), "guide@bbbbbbbb");
  assert.equal(two.canonical(`guide@${A.fingerprint}`), "guide@aaaaaaaa");
  assert.equal(two.canonical("guide"), "guide");
  assert.equal(two.canonical("other"), "other");
});
