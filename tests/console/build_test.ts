/** What Vite makes of the console. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { buildConsole } from "../../scripts/build_console.ts";
import { loadConsoleAssets } from "../../src/api/mod.ts";

// Here and not in a test: Vite keeps its workers, which the leak checks would take for a leak.
await buildConsole();
const assets = await loadConsoleAssets();
assert.ok(assets);

const textOf = (path: string) => new TextDecoder().decode(assets.get(path)?.body);
const html = textOf("index.html");

Deno.test("the build is skipped while its sources stay the same", async () => {
  assert.equal(await buildConsole(), "unchanged");
});

Deno.test("the page holds nothing that its policy forbids", () => {
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
});

Deno.test("the page names its own files only, by names that change with their content", () => {
  const links = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = ""]) => link);
  assert.equal(links.length, 3);
  for (const link of links) {
    assert.match(link, /^\/assets\/[\w-]+-[\w-]{8}\.(js|css|svg)$/);
    assert.ok(assets.has(link.slice(1)), link);
  }
});

Deno.test("the style sheet asks for no other file", () => {
  const sheet = [...assets.keys()].find((path) => path.endsWith(".css")) ?? "";
  assert.doesNotMatch(textOf(sheet), /url\(|@import/);
});

Deno.test("the whole page takes at most 60 KB over the wire", () => {
  const bytes = [...assets.values()].reduce((sum, { body }) => sum + gzipSync(body).length, 0);
  assert.ok(bytes <= 60_000, `${bytes} bytes`);
});
