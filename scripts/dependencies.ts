/** The dependencies of the project, exactly as package-lock.json has them, whatever npm a machine has or lacks. */

import { join } from "node:path";
import { run, type RunResult } from "./run.ts";

/** Runs under Deno where the machine's own would leave something out, or is not there. */
const OWN_NPM = "npm:npm@11.19.1";

const FLAGS = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];

/** The dependencies can't be installed. The message says why. */
export class InstallError extends Error {
  override name = "InstallError";
}

export interface InstallOptions {
  readonly root: string;
  /** Whether the machine's npm may be used, if it will do. @default {true} */
  readonly machinesNpm?: boolean;
  readonly env?: Record<string, string>;
}

/** Returns the program that installed them. @throws {InstallError} */
export async function installDependencies(
  { root, machinesNpm = true, ...options }: InstallOptions,
): Promise<"npm" | "npm under Deno"> {
  const env = { ...await cachesFor(root), ...options.env };
  const usesMachines = machinesNpm && await hasGoodNpm(root, env);
  const npm = (args: readonly string[]) =>
    usesMachines
      ? run("npm", args, { cwd: root, env, output: "capture" })
      : ownNpm(root, args, env);
  const exact = await npm(["ci", ...FLAGS]);
  if (!exact.success) {
    // npm refuses a lock that was made where some platform's packages could not be seen; what it holds is still pinned.
    const lenient = await npm(["install", "--no-save", ...FLAGS]);
    if (!lenient.success) {
      throw new InstallError(`Could not install the dependencies: ${reasonIn(lenient.text)}`);
    }
  }
  return usesMachines ? "npm" : "npm under Deno";
}

/** npm and Deno keep downloads in the home directory, or in this project if that can't be written. */
async function cachesFor(root: string): Promise<Record<string, string>> {
  const home = Deno.env.get("HOME");
  if (home !== undefined && await canWrite(home)) return {};
  return { npm_config_cache: join(root, ".cache/npm"), DENO_DIR: join(root, ".cache/deno") };
}

async function canWrite(folder: string): Promise<boolean> {
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".mesh-llm-" }));
    return true;
  } catch {
    return false;
  }
}

/** Deno counts as a Node.js that is new enough, so nothing is left out. */
function ownNpm(
  cwd: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<RunResult> {
  // Without this project's settings: npm is not one of its dependencies.
  const options = ["run", "-A", "--quiet", "--no-config", "--node-modules-dir=none"];
  // Node.js trusts what the system trusts; Deno does so only where it is told to.
  const trusting = { DENO_TLS_CA_STORE: "system,mozilla", ...env };
  return run(Deno.execPath(), [...options, OWN_NPM, ...args], {
    cwd,
    env: trusting,
    output: "capture",
  });
}

async function hasGoodNpm(cwd: string, env: Record<string, string>): Promise<boolean> {
  const versions = await Promise.all(["node", "npm"].map(async (program) => {
    const version = run(program, ["--version"], { cwd, env, output: "capture" });
    const result = await version.catch(() => null);
    return result?.success === true ? result.stdout.trim() : null;
  }));
  const [node = null, npm = null] = versions;
  return node !== null && npm !== null && installsAll(node);
}

/**
 * npm leaves out optional packages that are not for its own Node.js: the console's bundler, which runs under Deno, then
 * lacks its native part. It is for ^20.19 and 22.12 or newer; Debian 12 and Ubuntu 24.04 have Node.js 18.
 */
export function installsAll(nodeVersion: string): boolean {
  const [, major = "0", minor = "0"] = /^v(\d+)\.(\d+)\./.exec(nodeVersion) ?? [];
  const [first, second] = [Number(major), Number(minor)];
  return first > 22 || (first === 22 && second >= 12) || (first === 20 && second >= 19);
}

/** The line that says what went wrong, without colours and stacks. */
export function reasonIn(text: string): string {
  // deno-lint-ignore no-control-regex
  const lines = text.replace(/\x1b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("at "));
  const told =
    lines.find((line) => /^npm (error|ERR!) (?!code|errno|syscall|path|dest)/.test(line)) ??
      lines.find((line) => /error:/i.test(line)) ?? lines.at(-1) ?? "it says nothing";
  return told.replace(/^npm (error|ERR!) /, "")
    .replace(/^error: (Uncaught (\(in promise\) )?)?(\w*Error: )?/, "");
}
