/**
 * `deno task test [paths] [flags of deno test]`: the gate, the fast tests, then those on real processes.
 * The last line says `N passed, N failed`. With `--unit` only the fast ones run.
 */

import { dirname, join, relative } from "node:path";
import { runGate } from "./gate.ts";
import { importsOf } from "./import_rules.ts";
import { fromRoot, ROOT, run, say } from "./run.ts";
import {
  addCounts,
  countRun,
  describeFailures,
  type Failure,
  NO_TESTS,
  readFailures,
  readSuites,
  summary,
  type TestCounts,
} from "./test_report.ts";

/** A test that needs one of these, itself or through others, starts llama.cpp, nodes or a browser. */
const PROCESS_SUPPORT = /\/tests\/support\/(engine|gpu_engine|node_process|chromium|compiled)\.ts$/;

/**
 * A test that imports one of these loads the QUIC addon. Deno runs each test file in an isolate of its own, and the
 * addon corrupts the heap of a process in which a second isolate uses it: such a file gets a process of its own.
 */
const LOADS_ADDON = /\/src\/mesh\/(quic\/\w+|link\/libp2p|mod)\.ts$|^libp2p$/;

/** A test that needs this runs on fake GPUs, which are fetched where a test wants them. */
const FAKES_GPUS = /\/tests\/support\/gpu_engine\.ts$/;

/** A test that imports this keeps all cores busy for minutes by itself, and gets that time for itself. */
const SIMULATES = /\/tests\/simulator\/jobs\.ts$/;

/** Of the simulator's thousand seeds, among the fast tests: all of them take three minutes. */
const UNIT_SEEDS = "100";

/**
 * One that hangs must not hold all others: the slowest file, a thousand seeds of the simulator, takes four minutes on two
 * cores, and a soak as long as it was told to.
 */
const FILE_LIMIT_MS = 720_000 + Number(Deno.env.get("MESH_LLM_SOAK_SECONDS") ?? 0) * 1_000;

/** For each further file of a process: 300 of them took 150 s on two cores, and on busy ones more than twice as long. */
const FURTHER_FILE_MS = 2_000;

/** Fewer are not worth a process. */
const FILES_OF_A_LANE = 50;

interface TestFile {
  /** From the root, as `deno test` reports it: `./tests/...`. */
  readonly path: string;
  readonly unit: boolean;
  /** It must not share its process with another test file. */
  readonly alone: boolean;
  readonly fakesGpus: boolean;
}

const { paths, flags, unitOnly } = await readArguments(Deno.args);
const wholeRun = Deno.args.length === 0;
const files = (await Promise.all(paths.map((path) => testFiles(fromRoot(path))))).flat();
const onProcesses = unitOnly ? [] : files.filter((file) => !file.unit);

if (unitOnly && !Deno.env.has("MESH_LLM_SEEDS")) Deno.env.set("MESH_LLM_SEEDS", UNIT_SEEDS);
// A process that trusts authorities of its own makes no connections of the wide lane; no test needs them.
Deno.env.delete("NODE_EXTRA_CA_CERTS");
const failures: Failure[] = [];
let total = wholeRun ? await passGate() : NO_TESTS;
total = addCounts(total, await runGroup(files.filter((file) => file.unit), flags));
if (onProcesses.length > 0) await prepareEngine();
if (onProcesses.some(({ fakesGpus }) => fakesGpus)) await prepareGpus();
total = addCounts(total, await runGroup(onProcesses, flags));
const success = total.failed === 0 && total.passed > 0;
if (failures.length > 0) say(`\n${describeFailures(failures)}`);
say(`\n${summary(total)}`);
Deno.exit(success ? 0 : 1);

/** An argument that exists on disk is a path; the rest goes to `deno test` as it is. */
async function readArguments(args: readonly string[]) {
  const paths: string[] = [];
  const flags: string[] = [];
  for (const arg of args) {
    const exists = await Deno.stat(fromRoot(arg)).then(() => true, () => false);
    (exists ? paths : flags).push(arg);
  }
  const unitOnly = flags.includes("--unit");
  return {
    paths: paths.length === 0 ? ["tests"] : paths,
    flags: flags.filter((flag) => flag !== "--unit"),
    unitOnly,
  };
}

async function testFiles(path: string): Promise<TestFile[]> {
  if ((await Deno.stat(path)).isFile) return [await readTestFile(path)];
  const entries = (await Array.fromAsync(Deno.readDir(path)))
    .filter(({ name, isDirectory }) => isDirectory || name.endsWith("_test.ts"))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  return (await Promise.all(entries.map(({ name }) => testFiles(`${path}/${name}`)))).flat();
}

async function readTestFile(path: string): Promise<TestFile> {
  const imports = [...await importedBy(path)];
  return {
    path: `./${relative(ROOT, path)}`,
    unit: !imports.some((file) => PROCESS_SUPPORT.test(file)),
    // A file on real processes may hang with one of them, and then ends by itself, without the others.
    alone: imports.some((file) =>
      LOADS_ADDON.test(file) || PROCESS_SUPPORT.test(file) || SIMULATES.test(file)
    ),
    fakesGpus: imports.some((file) => FAKES_GPUS.test(file)),
  };
}

/** The imports of a test file, by itself or through other files below `tests`; types aside. */
async function importedBy(path: string, found = new Set<string>()): Promise<Set<string>> {
  // A missing file is one that a test only talks about, or an error that `deno test` tells better.
  const imports = importsOf(await Deno.readTextFile(path).catch(() => ""));
  for (const { specifier, typeOnly } of imports) {
    const file = specifier.startsWith(".") ? join(dirname(path), specifier) : specifier;
    if (typeOnly || found.has(file)) continue;
    found.add(file);
    if (file.startsWith(fromRoot("tests/")) && file.endsWith(".ts")) await importedBy(file, found);
  }
  return found;
}

/** Before the tests, so that none of them is charged with a download. They say themselves what is missing. */
async function prepareEngine(): Promise<void> {
  const { engineOrReason } = await import("../tests/support/engine.ts");
  say("Finding llama.cpp, or installing it");
  await engineOrReason().catch((error) => say(String(error)));
}

async function prepareGpus(): Promise<void> {
  const { gpuEngineOrReason } = await import("../tests/support/gpu_engine.ts");
  say("Finding fake GPUs, or fetching them");
  await gpuEngineOrReason().catch((error) => say(String(error)));
}

/** Apart from the tests, so that one wrong type does not keep all of them from running. */
async function passGate(): Promise<TestCounts> {
  const failed = await runGate();
  failures.push(...failed.map(({ command, name, text }) => ({ file: command, name, text })));
  return { ...NO_TESTS, failed: failed.length };
}

async function runGroup(
  group: readonly TestFile[],
  flags: readonly string[],
): Promise<TestCounts> {
  let counts = await runInLanes(group.filter((file) => !file.alone), flags);
  for (const file of group.filter((file) => file.alone)) {
    counts = addCounts(counts, await runInOneProcess([file], flags));
  }
  return counts;
}

/**
 * Hundreds of files take most of their time to be loaded, which one core does. The processes are several because a test may
 * change the environment of its own.
 */
async function runInLanes(
  group: readonly TestFile[],
  flags: readonly string[],
): Promise<TestCounts> {
  const lanes = Math.min(navigator.hardwareConcurrency, Math.ceil(group.length / FILES_OF_A_LANE));
  if (lanes <= 1) return await runInOneProcess(group, flags);
  say(`Running ${group.length} files of fast tests in ${lanes} processes`);
  const parts = Array.from(
    { length: lanes },
    (_, lane) => group.filter((_, index) => index % lanes === lane),
  );
  const counts = await Promise.all(parts.map((part) => runInOneProcess(part, flags, "capture")));
  return counts.reduce(addCounts, NO_TESTS);
}

/** @param output `capture` shows it when all of it is there, so that lines of two processes do not mix */
async function runInOneProcess(
  group: readonly TestFile[],
  flags: readonly string[],
  output: "inherit" | "capture" = "inherit",
): Promise<TestCounts> {
  if (group.length === 0) return NO_TESTS;
  const report = await Deno.makeTempFile({ prefix: "mesh-llm-tests-", suffix: ".xml" });
  try {
    const paths = group.map((file) => file.path);
    const args = ["test", "-A", "--no-check", `--junit-path=${report}`, ...flags, ...paths];
    const signal = AbortSignal.timeout(FILE_LIMIT_MS + (group.length - 1) * FURTHER_FILE_MS);
    const { success, code, text } = await run(Deno.execPath(), args, { output, signal });
    if (output === "capture") say(text);
    const found = await Deno.readTextFile(report);
    const told = readFailures(found);
    failures.push(...told);
    if (!success && told.length === 0) {
      const end = signal.aborted ? "It did not end, and was ended." : `It ended with code ${code}.`;
      failures.push({ file: paths.join(", "), name: "the whole run", text: end });
    }
    return countRun(readSuites(found), { success });
  } finally {
    await Deno.remove(report);
  }
}
