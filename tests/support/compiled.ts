/** The compiled executable for tests, made once for all test files. */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The executable, or why tests that need it are ignored. */
export type CompiledProgram =
  | { readonly path: string }
  | { readonly path: null; readonly reason: string };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OUTPUT = join(ROOT, "dist/mesh-llm");
/** Makes a base executable for `deno compile` where its download can't be reached. */
const DENORT_MAKER = join(dirname(ROOT.replace(/\/$/, "")), "shared/tools/denort");

let compiled: Promise<CompiledProgram> | undefined;

/** On CI there is no excuse: it throws there instead. */
export function compiledProgram(): Promise<CompiledProgram> {
  return compiled ??= compile();
}

async function compile(): Promise<CompiledProgram> {
  await Deno.mkdir(dirname(OUTPUT), { recursive: true });
  using lock = await Deno.open(join(ROOT, "dist/lock"), { write: true, create: true });
  await lock.lock(true);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "scripts/compile.ts")],
    env: await baseExecutable(),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return { path: OUTPUT };
  const reason = new TextDecoder().decode(stderr).trim();
  if (Deno.env.get("CI") === "true") throw new Error(`Could not compile: ${reason}`);
  return { path: null, reason: `deno compile: ${reason.split("\n").at(-1)}` };
}

/** `DENORT_BIN` as it is set, or from the maker beside the checkout; else Deno downloads one. */
async function baseExecutable(): Promise<Record<string, string>> {
  if (Deno.env.has("DENORT_BIN")) return {};
  try {
    const made = await new Deno.Command(DENORT_MAKER, { stdin: "null" }).output();
    const path = new TextDecoder().decode(made.stdout).trim();
    return made.success ? { DENORT_BIN: path } : {};
  } catch {
    return {}; // no maker here
  }
}
