/** The console as Vite builds it. */

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
  assert.ok(links.length >= 3);
  for (const link of links) {
    assert.match(link, /^\/assets\/[\w-]+-[\w-]{8}\.(js|css|svg)$/);
    assert.ok(assets.has(link.slice(1)), link);
  }
});

Deno.test("the style sheet asks for no other file", () => {
  const sheet = [...assets.keys()].find((path) => path.endsWith(".css")) ?? "";
  assert.doesNotMatch(textOf(sheet), /url\(|@import/);
});

/** Files that a visitor's browser fetches at once: what the page names, and what those import. */
function initialFiles(): string[] {
  const wanted = [...html.matchAll(/(?:src|href)="\/([^"]*)"/g)].map(([, path = ""]) => path);
  for (const path of wanted) {
    const imports = [...textOf(path).matchAll(/(?:\bfrom|^import)\s*"\.\/([^"]+)"/g)];
    for (const [, name] of imports) {
      if (!wanted.includes(`assets/${name}`)) wanted.push(`assets/${name}`);
    }
  }
  return wanted;
}

const gzipped = (paths: Iterable<string>) =>
  [...paths].reduce((sum, path) => sum + gzipSync(assets.get(path)?.body ?? "").length, 0);

Deno.test("the first load takes at most 60 KB over the wire", () => {
  assert.ok(initialFiles().every((path) => assets.has(path)));
  const bytes = gzipped(initialFiles());
  assert.ok(bytes <= 60_000, `${bytes} bytes`);
});

Deno.test("everything together takes at most 200 KB over the wire", () => {
  const bytes = gzipped(assets.keys());
  assert.ok(bytes <= 200_000, `${bytes} bytes`);
});
