/** The test files, and in whose company each of them can run: what it imports says so. */

import { dirname, join, relative } from "node:path";
import { importsOf } from "./import_rules.ts";
import { fromRoot, ROOT } from "./run.ts";

/**
 * `shared` with others in one process, `beside` others in a process of its own, `alone` in one while no other runs. A later
 * word is the stricter one.
 */
export type Company = "shared" | "beside" | "alone";

export interface TestKind {
  /** It starts no llama.cpp, node or browser. */
  readonly unit: boolean;
  readonly company: Company;
  /** It runs seeds of the simulator. */
  readonly simulates: boolean;
  /** Its browser is installed where a test wants one. */
  readonly browses: boolean;
  /** Its fake GPUs are fetched where a test wants them. */
  readonly fakesGpus: boolean;
}

export interface TestFile extends TestKind {
  /** From the root, as `deno test` reports it: `./tests/...`. */
  readonly path: string;
}

/** A test that needs one of these, itself or through others, starts llama.cpp, nodes or a browser. */
const PROCESS_SUPPORT = /\/tests\/support\/(engine|gpu_engine|node_process|chromium|compiled)\.ts$/;

/**
 * A test that imports one of these loads the QUIC addon. Deno runs each test file in an isolate of its own, and the
 * addon corrupts the heap of a process in which a second isolate uses it: such a file gets a process of its own.
 */
const LOADS_ADDON = /\/src\/mesh\/(quic\/\w+|link\/libp2p|mod)\.ts$|^libp2p$/;

/** A test that imports this keeps all cores busy for minutes by itself, and gets that time for itself. */
const SIMULATES = /\/tests\/simulator\/jobs\.ts$/;

/** It changes the networks or the mounts of the machine. */
const CHANGES_NETWORK = /\/tests\/support\/namespaces\.ts$/;

/** So it does, or it installs packages, which are not there before the tests as browsers are. */
const CHANGES_MACHINE = /\/tests\/support\/(namespaces|debian)\.ts$/;

/** It starts llama.cpp, most often in several nodes, and takes it for stuck where it has no processor: it gets all of it. */
const STARTS_ENGINES = /\/tests\/support\/(engine|gpu_engine|node_process|compiled)\.ts$/;

const BROWSES = /\/tests\/support\/chromium\.ts$/;

const FAKES_GPUS = /\/tests\/support\/gpu_engine\.ts$/;

/** @param imports of the test file, by itself and through other tests */
export function kindOf(imports: Iterable<string>): TestKind {
  const files = [...imports];
  const needs = (support: RegExp) => files.some((file) => support.test(file));
  const unit = !needs(PROCESS_SUPPORT);
  return {
    unit,
    company: unit ? companyOfFast(needs) : companyOnProcesses(needs),
    simulates: needs(SIMULATES),
    browses: needs(BROWSES),
    fakesGpus: needs(FAKES_GPUS),
  };
}

type Needs = (support: RegExp) => boolean;

function companyOfFast(needs: Needs): Company {
  if (needs(SIMULATES)) return "alone";
  if (!needs(LOADS_ADDON)) return "shared";
  return needs(CHANGES_MACHINE) ? "alone" : "beside";
}

/** One may hang with a process that it started, and then ends by itself, without the others. */
function companyOnProcesses(needs: Needs): Company {
  return [STARTS_ENGINES, LOADS_ADDON, CHANGES_NETWORK].some(needs) ? "alone" : "beside";
}

export async function testFiles(path: string): Promise<TestFile[]> {
  if ((await Deno.stat(path)).isFile) {
    return [{ path: `./${relative(ROOT, path)}`, ...kindOf(await importedBy(path)) }];
  }
  const entries = (await Array.fromAsync(Deno.readDir(path)))
    .filter(({ name, isDirectory }) => isDirectory || name.endsWith("_test.ts"))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  return (await Promise.all(entries.map(({ name }) => testFiles(`${path}/${name}`)))).flat();
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
