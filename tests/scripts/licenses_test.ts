import assert from "node:assert/strict";
import { type Lock, neededFolders, readLicenses, readLock } from "../../scripts/licenses.ts";
import { licensesText } from "../../src/cli/commands/run_licenses.ts";

Deno.test("neededFolders() finds a package as Node.js does, with all that it needs", () => {
  const lock: Lock = {
    "": {},
    "node_modules/a": { dependencies: { b: "1", c: "1" } },
    "node_modules/a/node_modules/b": { dependencies: { c: "1", a: "1" } },
    "node_modules/b": { dependencies: { unused: "1" } },
    "node_modules/c": { optionalDependencies: { d: "1", gone: "1" } },
    "node_modules/d": {},
    "node_modules/unused": {},
  };
  assert.deepEqual(neededFolders(lock, ["a", "absent"]), [
    "node_modules/a",
    "node_modules/a/node_modules/b",
    "node_modules/c",
    "node_modules/d",
  ]);
});

Deno.test("the licences are those of the lock, and of each package that runs there is a text or a name", async () => {
  const [lock, { parts, texts }] = [await readLock(), await readLicenses()];
  const named = new Set(parts.map(({ name, version }) => `${name}@${version}`));
  const nameOf = (folder: string) => folder.slice(folder.lastIndexOf("node_modules/") + 13);
  // All that npm does not call a package of development is in the executable.
  const shipped = Object.entries(lock).filter(([folder, entry]) =>
    folder !== "" && !("dev" in entry) && !("devOptional" in entry) && !("peer" in entry)
  );
  assert.ok(shipped.length > 50);
  const missing = shipped.map(([folder, { version }]) => `${nameOf(folder)}@${version}`)
    .filter((name) => !named.has(name));
  assert.deepEqual(missing, []);
  // The console's packages are, and npm calls them that.
  for (const name of ["preact", "uplot", "markdown-it", "highlight.js"]) {
    assert.ok(named.has(`${name}@${lock[`node_modules/${name}`]?.version}`), name);
  }
  assert.ok(!parts.some(({ name }) => ["fast-check", "playwright-core", "vite"].includes(name)));
  assert.deepEqual(parts.filter(({ license }) => license === ""), []);
  assert.ok(parts.every((part) => part.texts.every((index) => index < texts.length)));
  const [own] = parts;
  assert.match(texts[own!.texts[0]!]!, /^MIT License/);
  const text = licensesText({ parts, texts });
  assert.match(text, /^libp2p \S+: Apache-2\.0 OR MIT$/m);
  assert.match(text, /^preact \S+: MIT$/m);
});
