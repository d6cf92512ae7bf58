/**
 * `deno task compile [--target linux-x64|linux-arm64|darwin-x64|darwin-arm64]`: makes `dist/mesh-llm`, or
 * `dist/mesh-llm-<target>` where a target is named. One file with all that it needs but llama.cpp.
 */

import { dirname } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../package.json" with { type: "json" };
import { copyFolder, placeAddon } from "./addon.ts";
import { bundle } from "./bundle.ts";
import { readLicenses } from "./licenses.ts";
import { PackageMissingError } from "./npm_package.ts";
import { complain, fromRoot, run, say } from "./run.ts";
import { findTarget, HEADER_BYTES, type Target, targetOf, TARGETS } from "./targets.ts";

/** Files that the program reads at run time, or runs in a worker, at the place where its modules look for them. */
const ASSETS = ["src/models/guide", "src/models/hashing", "console/dist"];

/** Read by `mesh-llm licenses`, and made here. */
const LICENSES = "src/cli/commands/licenses.json";

const BYTES_PER_MB = 1e6;

/** No file is that old: it stands for none. 1980, since some formats have no earlier time. */
const FILE_TIME_S = 315_532_800;

/** The executable could not be made, for a reason that whoever compiles can act on. */
class CompileError extends Error {
  override name = "CompileError";
}

try {
  await main();
} catch (error) {
  if (!(error instanceof CompileError || error instanceof PackageMissingError)) throw error;
  complain(error.message);
  Deno.exit(1);
}

async function main(): Promise<void> {
  const named = readTarget(Deno.args);
  const target = chooseTarget(named ?? Deno.build.target);
  const suffix = named === undefined ? "" : `-${target.name}`;
  const output = fromRoot(`dist/mesh-llm${suffix}`);
  const stage = await Deno.makeTempDir({ prefix: "mesh-llm-compile-" });
  try {
    await fillStage(stage, target);
    await compile(stage, target, output);
    if (target.triple === Deno.build.target) await tryOut(output);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
  const { size } = await Deno.stat(output);
  say(`${output} (${target.name}, ${(size / BYTES_PER_MB).toFixed(1)} MB)`);
}

function readTarget(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { target: { type: "string" } } }).values.target;
  } catch (error) {
    throw new CompileError((error as Error).message, { cause: error });
  }
}

function chooseTarget(name: string): Target {
  const target = findTarget(name);
  if (target !== undefined) return target;
  const known = TARGETS.map((one) => one.name).join(", ");
  throw new CompileError(`There is no executable for ${name}: the targets are ${known}`);
}

/** A folder that holds what goes into the executable and nothing else. */
async function fillStage(stage: string, target: Target): Promise<void> {
  await bundle(stage);
  for (const folder of ASSETS) await copyFolder(fromRoot(folder), `${stage}/${folder}`);
  await placeAddon(target.addon, `${stage}/node_modules`);
  await Deno.mkdir(dirname(`${stage}/${LICENSES}`), { recursive: true });
  await Deno.writeTextFile(`${stage}/${LICENSES}`, JSON.stringify(await readLicenses()));
  await Deno.writeTextFile(`${stage}/package.json`, JSON.stringify({ type: "module" }));
  // "net" has UDP sockets, for systems where the mesh does not make its own.
  const config = { nodeModulesDir: "manual", lock: false, unstable: ["net"] };
  await Deno.writeTextFile(`${stage}/deno.json`, JSON.stringify(config));
  await levelTimes(stage);
}

/** The executable holds the time of each file: all have the same, so that one source makes one executable. */
async function levelTimes(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await levelTimes(path);
    await Deno.utime(path, FILE_TIME_S, FILE_TIME_S);
  }
}

async function compile(stage: string, target: Target, output: string): Promise<void> {
  const includes = [...ASSETS, LICENSES, "node_modules"].flatMap((folder) => ["--include", folder]);
  // V8's code cache would lie under one well-known name in the system's temporary folder, where any user of the machine
  // can put one of their own, and be run as whoever starts the program next.
  const safety = ["--no-check", "--no-code-cache"];
  const options = ["-A", ...safety, "--quiet", "--target", target.triple, "--output", output];
  const args = ["compile", ...options, ...includes, "main.js"];
  const env = { ...await baseExecutable(target), RUST_BACKTRACE: "0" };
  const { success, text } = await run(Deno.execPath(), args, {
    cwd: stage,
    env,
    output: "capture",
  });
  if (success) return;
  throw new CompileError(
    `${text.trimEnd()}\nCould not make the executable for ${target.name}. Without a network, ` +
      `DENORT_BIN can name its base, denort ${Deno.version.deno} for ${target.triple}: ` +
      "scripts/denort.ts makes one for Linux x64 out of the npm registry",
  );
}

/** A wrong base makes a file all the same. Only this machine's own executable can be tried. */
async function tryOut(output: string): Promise<void> {
  const { stdout } = await run(output, ["--version"], { cwd: "/", output: "capture" });
  if (stdout.trim() === manifest.version) return;
  await Deno.remove(output);
  throw new CompileError("The executable does not answer --version: is DENORT_BIN a denort?");
}

/** `deno compile` takes the file in DENORT_BIN for any target, so one for another platform is hidden from it. */
async function baseExecutable(target: Target): Promise<Record<string, string>> {
  const path = Deno.env.get("DENORT_BIN");
  if (!path) return {};
  const header = await readHeader(path);
  return targetOf(header) === target ? {} : { DENORT_BIN: "" };
}

async function readHeader(path: string): Promise<Uint8Array> {
  const header = new Uint8Array(HEADER_BYTES);
  try {
    using file = await Deno.open(path);
    await file.read(header);
    return header;
  } catch (cause) {
    throw new CompileError(`Could not read ${path}, which DENORT_BIN names`, { cause });
  }
}
