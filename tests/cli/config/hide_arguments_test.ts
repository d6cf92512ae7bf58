import assert from "node:assert/strict";
import fc from "fast-check";
import { placesOf, secretsIn } from "../../../src/cli/config/hide_arguments.ts";

const lines: [words: string, secrets: string[]][] = [
  ["--join mesh1_abc --model big", ["mesh1_abc"]],
  ["--join=mesh1_abc", ["mesh1_abc"]],
  ["console --join cut", ["cut"]],
  ["--api-key k1 --api-key=k2", ["k1", "k2"]],
  ["complete -- mesh-llm --client mesh1_abc", ["mesh1_abc"]],
  ["--join - --model guide", []],
  ["--join @/run/invite", []],
  ["--join", []],
  ["--join= --api-key=", []],
  ["--model big --port 1", []],
];

for (const [words, secrets] of lines) {
  Deno.test(`secretsIn() finds ${secrets.join(" and ") || "none"} in: ${words}`, () => {
    assert.deepEqual(secretsIn(words.split(" ")), secrets);
  });
}

Deno.test("placesOf() finds a word, and the end of one, and nothing that only begins so", () => {
  const bytes = new TextEncoder().encode("run\0--key=k\0k\0kk\0k2\0");
  assert.deepEqual(placesOf("k", bytes).map(({ at }) => at), [10, 12, 15]);
});

Deno.test("placesOf() finds each secret of any command line", () => {
  const word = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\0"));
  fc.assert(fc.property(fc.array(word), word, fc.array(word), (before, secret, behind) => {
    const encoder = new TextEncoder();
    const start = encoder.encode([...before, ""].join("\0")).length;
    const bytes = encoder.encode([...before, secret, ...behind, ""].join("\0"));
    const places = placesOf(secret, bytes);
    assert.ok(places.some(({ at }) => at === start));
    for (const { at, length } of places) {
      assert.equal(new TextDecoder().decode(bytes.subarray(at, at + length)), secret);
    }
  }));
});
