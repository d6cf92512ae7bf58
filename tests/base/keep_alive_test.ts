import assert from "node:assert/strict";
import { readKeepAlive, sayKeepAlive } from "../../src/base/keep_alive.ts";

Deno.test("the time that a model stays crosses as a header, and nonsense is as if nothing was said", () => {
  for (const keepAlive of [0, 1, 300_000, null]) {
    const headers = new Headers();
    sayKeepAlive(headers, keepAlive);
    assert.equal(readKeepAlive(headers), keepAlive);
  }
  const headers = new Headers();
  assert.equal(readKeepAlive(headers), undefined);
  sayKeepAlive(headers, 1e300);
  assert.ok(Number(readKeepAlive(headers)) > 1e12);
  for (const [name] of [...headers]) {
    for (const nonsense of ["", "-1", "1.5", "1e9", "soon", "9".repeat(40), "0x1"]) {
      assert.equal(readKeepAlive(new Headers({ [name]: nonsense })), undefined, nonsense);
    }
  }
});
