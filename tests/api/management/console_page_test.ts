import { type ConsoleAsset, createConsole } from "../../../src/api/management/console_page.ts";
import assert from "node:assert/strict";

function asset(text: string, type: string): ConsoleAsset {
  return { body: new TextEncoder().encode(text), type };
}

const assets = new Map([
  ["index.html", asset("<!DOCTYPE html>", "text/html; charset=utf-8")],
  ["assets/index-3f2a.js", asset("main()", "text/javascript; charset=utf-8")],
]);

Deno.test("The console's files have their types, and its index is at the root", async () => {
  const page = createConsole(assets);
  for (const path of ["/", "/index.html"]) {
    const response = await page.request(path);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(await response.text(), "<!DOCTYPE html>");
  }
  const script = await page.request("/assets/index-3f2a.js");
  assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.equal(await script.text(), "main()");
});

Deno.test("A browser keeps hashed files for good and asks about the others", async () => {
  const page = createConsole(assets);
  const script = await page.request("/assets/index-3f2a.js");
  assert.match(script.headers.get("cache-control") ?? "", /immutable/);
  await script.body?.cancel();
  const index = await page.request("/");
  assert.equal(index.headers.get("cache-control"), "no-cache");
  await index.body?.cancel();

  const etag = index.headers.get("etag")!;
  const known = await page.request("/", { headers: { "if-none-match": `W/${etag}, "x"` } });
  assert.equal(known.status, 304);
  assert.equal(await known.text(), "");
  const changed = createConsole(new Map([["index.html", asset("new", "text/html")]]));
  const response = await changed.request("/", { headers: { "if-none-match": etag } });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "new");
});

Deno.test("What the console does not have is not there", async () => {
  const page = createConsole(assets);
  for (const path of ["/absent", "/assets/", "/assets/../index.htm", "/__proto__"]) {
    assert.equal((await page.request(path)).status, 404, path);
  }
});

Deno.test("Without a built console a page says so", async () => {
  const response = await createConsole(null).request("/");
  assert.equal(response.status, 200);
  const text = await response.text();
  assert.match(text, /without its console/);
  assert.doesNotMatch(text, /<script|style/);
});
