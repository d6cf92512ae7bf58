/**
 * Brings node_modules in line with package-lock.json and builds the console, both only when needed.
 * Runs before every task, so it may import nothing from npm.
 */

import { installDependencies, InstallError } from "./dependencies.ts";
import { complain, fromRoot, ROOT, run, type RunResult } from "./run.ts";

/** Written last by npm, so an install that was cut short does not count. */
const STAMP = fromRoot("node_modules/.package-lock.json");

try {
  await main();
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  complain(error.message);
  Deno.exit(1);
}

async function main(): Promise<void> {
  if (!await isInstalled()) await install();
  const first = await buildConsole();
  if (first.success) return;
  if (!first.text.includes("native binding")) fail(first.text);
  // The bundler's native part was left out by an npm of an old Node.js, in an earlier version of this script.
  await install({ machinesNpm: false });
  const second = await buildConsole();
  if (!second.success) fail(second.text);
}

/** The whole text: it is for people who change the console. */
function fail(text: string): never {
  throw new InstallError(`Could not build the console:\n${text.trimEnd()}`);
}

/** Whether the last install is younger than what it was made from. */
async function isInstalled(): Promise<boolean> {
  const sources = await Promise.all(["package.json", "package-lock.json"].map(modifiedMs));
  return await modifiedMs(STAMP) >= Math.max(...sources);
}

/** Zero where there is no such file. */
async function modifiedMs(path: string): Promise<number> {
  const { mtime } = await Deno.stat(fromRoot(path)).catch(() => ({ mtime: null }));
  return mtime?.getTime() ?? 0;
}

async function install(options: { readonly machinesNpm?: boolean } = {}): Promise<void> {
  complain("Installing the dependencies");
  await installDependencies({ root: ROOT, ...options });
}

async function buildConsole(): Promise<RunResult> {
  const script = fromRoot("scripts/build_console.ts");
  return await run(Deno.execPath(), ["run", "-A", script], { output: "capture" });
}
