import assert from "node:assert/strict";
import { wholeText } from "../../src/base/whole_text.ts";

async function* pieces(...texts: (string | Uint8Array)[]) {
  for (const text of texts) {
    yield await Promise.resolve(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }
}

Deno.test("wholeText() joins pieces, a character cut in two included", async () => {
  assert.equal(
    await wholeText(pieces("a", Uint8Array.of(0xc3), Uint8Array.of(0xa4), "z"), 100),
    "aäz",
  );
  assert.equal(await wholeText(pieces(), 100), "");
});

Deno.test("wholeText() gives up an answer that does not end, whatever its host has in mind", async () => {
  let given = 0;
  async function* endless() {
    for (;;) {
      given++;
      yield await Promise.resolve(new Uint8Array(10));
    }
  }
  await assert.rejects(wholeText(endless(), 100), RangeError);
  assert.equal(given, 11);
});
