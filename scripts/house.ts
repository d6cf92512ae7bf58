/**
 * `scripts/house.ts [ROOT]` prints what breaks the rules of the house: imports against its arrows or the order of
 * rooms, circles of files, pages and files that are named and not there, and sentences that begin like a question and
 * ask nothing. Exits 1 if there is anything.
 */

import { join, relative } from "node:path";
import { findCircles } from "./circles.ts";
import { checkImports, importGraph, type Offence, type SourceFile } from "./import_rules.ts";
import { checkPages } from "./pages.ts";
import { complain, ROOT } from "./run.ts";
import { checkSentences } from "./sentences.ts";

const FOLDERS = ["src", "console", "scripts", "tests"];

/** Not ours, or made by a build. */
const SKIPPED = new Set(["node_modules", "dist"]);

const root = Deno.args[0] ?? ROOT;
const manifest = JSON.parse(await Deno.readTextFile(join(root, "package.json")));
const files = [await readSource(join(root, "main.ts"))];
for (const folder of FOLDERS) files.push(...await sourcesIn(join(root, folder)));

const pages = await readPages();
const complaints = [
  ...misplacedImports(),
  ...circles(),
  ...missingPages(),
  ...unaskedQuestions(),
];
complaints.forEach(complain);
Deno.exit(complaints.length === 0 ? 0 : 1);

function misplacedImports(): readonly string[] {
  const packages = {
    shipped: new Set(Object.keys(manifest.dependencies ?? {})),
    development: new Set(Object.keys(manifest.devDependencies ?? {})),
  };
  return checkImports(files, packages).map(offenceText);
}

/** Tests may import everything, so they may also import each other. */
function circles(): readonly string[] {
  const program = files.filter(({ path }) => !path.startsWith("tests/"));
  return findCircles(importGraph(program))
    .map((circle) => `These import each other in a circle: ${circle.join(", ")}`);
}

/** Pages that are named in a comment, or led to by another page, and are not there. */
function missingPages(): readonly string[] {
  const exists = (path: string) => {
    try {
      return Deno.statSync(join(root, path)) !== null;
    } catch {
      return false; // not there, or out of reach: nothing that a reader could open
    }
  };
  return [...files, ...pages].flatMap((file) => checkPages(file, exists)).map(offenceText);
}

/** A sentence of a comment or a page has a subject, unless it asks. */
function unaskedQuestions(): readonly string[] {
  return [...files, ...pages].flatMap(checkSentences).map(offenceText);
}

function offenceText({ path, line, message }: Offence): string {
  return `${path}:${line}: ${message}`;
}

/** The project's pages: those at its root and in `docs`. */
async function readPages(): Promise<SourceFile[]> {
  const pages: SourceFile[] = [];
  for (const folder of [root, join(root, "docs")]) {
    for (const { name } of await entriesOf(folder)) {
      if (name.endsWith(".md")) pages.push(await readSource(join(folder, name)));
    }
  }
  return pages;
}

async function sourcesIn(folder: string): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  for (const { name, isDirectory } of await entriesOf(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && !SKIPPED.has(name)) sources.push(...await sourcesIn(path));
    if (/\.tsx?$/.test(name)) sources.push(await readSource(path));
  }
  return sources;
}

/** None where there is no such folder. */
async function entriesOf(folder: string): Promise<readonly Deno.DirEntry[]> {
  const exists = await Deno.stat(folder).then(() => true, () => false);
  return exists ? await Array.fromAsync(Deno.readDir(folder)) : [];
}

async function readSource(path: string): Promise<SourceFile> {
  return { path: relative(root, path).replaceAll("\\", "/"), text: await Deno.readTextFile(path) };
}
