/**
 * Brings node_modules in line with package-lock.json and builds the console, both only when needed.
 * Runs before every task, so it may import nothing from npm.
 */

import { complain, fromRoot, run } from "./run.ts";

/** Written last by npm, so an install that was cut short does not count. */
const NPM_STAMP = fromRoot("node_modules/.package-lock.json");
const DENO_STAMP = fromRoot("node_modules/.deno-install");

const NPM_FLAGS = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];

if (!await isInstalled()) await install();
await buildConsole();

/** Whether the last install is younger than what it was made from. */
async function isInstalled(): Promise<boolean> {
  const sources = await Promise.all(["package.json", "package-lock.json"].map(modifiedMs));
  const stamps = await Promise.all([NPM_STAMP, DENO_STAMP].map(modifiedMs));
  return Math.max(...stamps) >= Math.max(...sources);
}

/** Zero where there is no such file. */
async function modifiedMs(path: string): Promise<number> {
  const { mtime } = await Deno.stat(fromRoot(path)).catch(() => ({ mtime: null }));
  return mtime?.getTime() ?? 0;
}

async function install(): Promise<void> {
  complain("Installing the dependencies");
  if (!await hasNpm()) return await installWithDeno();
  const exact = await run("npm", ["ci", ...NPM_FLAGS], { output: "capture" });
  if (exact.success) return;
  // npm refuses a lock that was made where some platform's packages could not be seen; what it holds is still pinned.
  const lenient = await run("npm", ["install", "--no-save", ...NPM_FLAGS], { output: "capture" });
  if (!lenient.success) fail("Could not install the dependencies with npm", lenient.text);
}

/** Hoisted like npm, so that imports resolve alike. */
async function installWithDeno(): Promise<void> {
  const args = ["install", "--quiet", "--node-modules-linker=hoisted"];
  const { success, text } = await run(Deno.execPath(), args, { output: "capture" });
  if (!success) {
    fail("Could not install the dependencies with Deno, and npm is not on this machine", text);
  }
  await Deno.writeTextFile(DENO_STAMP, "");
}

async function hasNpm(): Promise<boolean> {
  const version = await run("npm", ["--version"], { output: "capture" }).catch(() => null);
  return version?.success ?? false;
}

async function buildConsole(): Promise<void> {
  const script = fromRoot("scripts/build_console.ts");
  const { success, text } = await run(Deno.execPath(), ["run", "-A", script], {
    output: "capture",
  });
  if (!success) fail("Could not build the console", text);
}

function fail(sentence: string, details: string): never {
  complain(`${sentence}:\n${details.trimEnd()}`);
  Deno.exit(1);
}
