/** Prints every import that goes against the arrows of the house, and exits 1 if there is one. */

import { relative } from "node:path";
import { checkImports, type SourceFile } from "./import_rules.ts";
import { complain, fromRoot, ROOT } from "./run.ts";

const FOLDERS = ["src", "console", "scripts", "tests"];

/** Not ours, or made by a build. */
const SKIPPED = new Set(["node_modules", "dist"]);

const manifest = JSON.parse(await Deno.readTextFile(fromRoot("package.json")));
const files = [await readSource(fromRoot("main.ts"))];
for (const folder of FOLDERS) files.push(...await sourcesIn(fromRoot(folder)));

const offences = checkImports(files, {
  shipped: new Set(Object.keys(manifest.dependencies)),
  development: new Set(Object.keys(manifest.devDependencies)),
});
for (const { path, line, message } of offences) complain(`${path}:${line}: ${message}`);
Deno.exit(offences.length === 0 ? 0 : 1);

async function sourcesIn(folder: string): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && !SKIPPED.has(name)) sources.push(...await sourcesIn(path));
    if (/\.tsx?$/.test(name)) sources.push(await readSource(path));
  }
  return sources;
}

async function readSource(path: string): Promise<SourceFile> {
  return {
    path: relative(ROOT, path).replaceAll("\\", "/"),
    text: await Deno.readTextFile(path),
  };
}
