/**
 * Builds the web console into console/dist, unless that was made from the same sources already.
 * Run: `deno run -A scripts/build_console.ts`. Needs the npm dependencies and nothing else.
 */

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);
const CONSOLE = new URL("console/", ROOT);
const DIST = new URL("dist/", CONSOLE);

/** Names the sources that dist was built from. Written last, so that a build that was cut off counts for nothing. */
const STAMP = new URL(".stamp", DIST);

/** Every source file, in an order that does not depend on the disk. */
async function sourceFiles(folder: URL): Promise<URL[]> {
  const files: URL[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile) files.push(new URL(entry.name, folder));
    else if (entry.name !== "dist") {
      files.push(...await sourceFiles(new URL(`${entry.name}/`, folder)));
    }
  }
  return files.sort((a, b) => a.href < b.href ? -1 : 1);
}

/** The console's own files, and package.json for the versions of what they are built with. */
async function hashSources(): Promise<string> {
  const hash = createHash("sha256");
  const files = [...await sourceFiles(CONSOLE), new URL("package.json", ROOT)];
  for (const file of files) {
    const bytes = await Deno.readFile(file);
    hash.update(`${file.href.slice(ROOT.href.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

async function readStamp(): Promise<string | null> {
  try {
    return await Deno.readTextFile(STAMP);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Brings console/dist up to date. */
export async function buildConsole(): Promise<"built" | "unchanged"> {
  const hash = await hashSources();
  if (await readStamp() === hash) return "unchanged";
  // Loaded only when needed: Vite takes longer to load than the hash to compute.
  const { build } = await import("vite");
  await build({ configFile: fileURLToPath(new URL("vite.config.ts", CONSOLE)), logLevel: "warn" });
  await Deno.writeTextFile(STAMP, hash);
  return "built";
}

if (import.meta.main) {
  const outcome = await buildConsole();
  await Deno.stdout.write(new TextEncoder().encode(`console/dist: ${outcome}\n`));
}
