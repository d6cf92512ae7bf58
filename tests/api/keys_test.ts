import assert from "node:assert/strict";
import { isSameKey, presentedKey } from "../../src/api/keys.ts";

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

Deno.test("isSameKey() compares keys of any length", () => {
  assert.ok(isSameKey("secret", "secret"));
  for (const given of ["", "secre", "secret ", "Secret", "secret".repeat(100)]) {
    assert.ok(!isSameKey(given, "secret"), given);
  }
});
