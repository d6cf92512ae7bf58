/**
 * `deno task test [paths] [flags of deno test]`: the gate, the fast tests, then those on real processes.
 * The last line says `N passed, N failed`. With `--unit` only the fast ones run.
 */

import { runGate } from "./gate.ts";
import { fromRoot, run, say } from "./run.ts";
import { type Company, type TestFile, testFiles } from "./test_files.ts";
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

/** Of the simulator's thousand seeds, among the fast tests: all of them take three minutes. */
const UNIT_SEEDS = "100";

/**
 * One that hangs must not hold all others: the slowest file, a thousand seeds of the simulator, takes four minutes on two
 * cores, and a soak as long as it was told to.
 */
const FILE_LIMIT_MS = 720_000 + Number(Deno.env.get("MESH_LLM_SOAK_SECONDS") ?? 0) * 1_000;

/** For each further file of a process: 300 of them took 150 s on two cores, and on busy ones more than twice as long. */
const FURTHER_FILE_MS = 2_000;

/**
 * Its threads keep all cores busy and make much that is soon forgotten: a larger part of the heap for that, which each thread
 * clears by itself, took 8% of its processor time away.
 */
const SIMULATOR_HEAP = [
  "--v8-flags=--single-threaded-gc,--max-semi-space-size=64,--min-semi-space-size=64",
];

/** Fewer are not worth a process. */
const FILES_OF_A_LANE = 50;

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
if (onProcesses.some(({ browses }) => browses)) await prepareBrowser();
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

/** Before the tests, so that none of them is charged with a download. They say themselves what is missing. */
async function prepareEngine(): Promise<void> {
  const { engineOrReason } = await import("../tests/support/engine.ts");
  say("Finding llama.cpp, or installing it");
  await engineOrReason().catch((error) => say(String(error)));
}

/** Two files that install one at the same time would be in each other's way. */
async function prepareBrowser(): Promise<void> {
  const { findChromium } = await import("../tests/support/chromium.ts");
  say("Finding Chromium, or installing it");
  await findChromium().catch((error) => say(String(error)));
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
  const of = (company: Company) => group.filter((file) => file.company === company);
  let counts = await runInLanes(of("shared"), flags);
  counts = addCounts(counts, await runBesideEachOther(of("beside"), flags));
  for (const file of of("alone")) counts = addCounts(counts, await runInOneProcess([file], flags));
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

/** Each in a process of its own, as many as there are cores: one file by itself waits most of its time. */
async function runBesideEachOther(
  group: readonly TestFile[],
  flags: readonly string[],
): Promise<TestCounts> {
  const waiting = group.values();
  const lanes = Math.min(navigator.hardwareConcurrency, group.length);
  const output = lanes > 1 ? "capture" : "inherit";
  if (lanes > 1) say(`Running ${group.length} files, each in its process, ${lanes} at a time`);
  let counts = NO_TESTS;
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (const file of waiting) {
      const counted = await runInOneProcess([file], flags, output);
      counts = addCounts(counts, counted);
    }
  }));
  return counts;
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
    const heap = group.some(({ simulates }) => simulates) ? SIMULATOR_HEAP : [];
    const args = [
      "test",
      "-A",
      "--no-check",
      ...heap,
      `--junit-path=${report}`,
      ...flags,
      ...paths,
    ];
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
