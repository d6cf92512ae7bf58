import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadConsoleAssets } from "../../../src/api/mod.ts";

async function withFolder(files: Record<string, string>, test: (folder: URL) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(join(folder, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    await test(pathToFileURL(`${folder}/`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadConsoleAssets() reads a built console with its folders", async () => {
  const files = {
    "index.html": "<p>",
    "assets/index-3f2a.js": "main()",
    "assets/fonts/a b.woff2": "font",
    "unknown.xyz": "?",
  };
  await withFolder(files, async (folder) => {
    const assets = await loadConsoleAssets(folder);
    const types = Object.fromEntries([...assets ?? []].map(([path, { type }]) => [path, type]));
    assert.deepEqual(types, {
      "index.html": "text/html; charset=utf-8",
      "assets/index-3f2a.js": "text/javascript; charset=utf-8",
      "assets/fonts/a b.woff2": "font/woff2",
      "unknown.xyz": "application/octet-stream",
    });
    assert.equal(new TextDecoder().decode(assets?.get("index.html")?.body), "<p>");
  });
});

Deno.test("loadConsoleAssets() finds no console that was not built", async () => {
  assert.equal(await loadConsoleAssets(new URL("file:///nowhere/console/dist/")), null);
  await withFolder({ "left-over.js": "" }, async (folder) => {
    assert.equal(await loadConsoleAssets(folder), null);
  });
});
