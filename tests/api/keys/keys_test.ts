import assert from "node:assert/strict";
import { fullKey, KeyRing, presentedKey } from "../../../src/api/keys/keys.ts";

Deno.test("presentedKey() reads what clients of OpenAI and Anthropic send", () => {
  const table: [Record<string, string>, string | null][] = [
    [{ authorization: "Bearer abc" }, "abc"],
    [{ authorization: "bearer  abc " }, "abc"],
    [{ "x-api-key": "abc" }, "abc"],
    [{ authorization: "Bearer abc", "x-api-key": "def" }, "abc"],
    [{ authorization: "Basic abc" }, null],
    [{ authorization: "Bearer" }, null],
    [{}, null],
  ];
  for (const [headers, key] of table) {
    assert.equal(presentedKey(new Headers(headers)), key, JSON.stringify(headers));
  }
});

Deno.test("KeyRing finds keys of any length, and nothing for what is none", () => {
  const keys = [fullKey("a", "secret"), fullKey("b", "x"), fullKey("c", "other".repeat(100))];
  const ring = new KeyRing(keys);
  for (const key of keys) assert.equal(ring.find(key.key), key);
  for (const given of ["", "secre", "secret ", "Secret", "secret".repeat(100)]) {
    assert.equal(ring.find(given), null, given);
  }
  assert.ok(!ring.isEmpty && new KeyRing([]).isEmpty);
});
