/** The compiled executable for tests, made once for all test files. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { denort } from "../../scripts/denort.ts";

/** The executable, or why tests that need it are ignored. */
export type CompiledProgram =
  | { readonly path: string }
  | { readonly path: null; readonly reason: string };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let compiled: Promise<CompiledProgram> | undefined;

/** On CI there is no excuse: it throws there instead. */
export function compiledProgram(): Promise<CompiledProgram> {
  return compiled ??= compile();
}

async function compile(): Promise<CompiledProgram> {
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  using lock = await Deno.open(join(ROOT, "dist/lock"), { write: true, create: true });
  await lock.lock(true);
  return await compileIn(ROOT);
}

/** The executable of a checkout, by its own script. On CI it throws where there can be none. */
export async function compileIn(root: string): Promise<CompiledProgram> {
  const base = await baseExecutable();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(root, "scripts/compile.ts")],
    env: base.path === null ? {} : { DENORT_BIN: base.path },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return { path: join(root, "dist/mesh-llm") };
  const text = new TextDecoder().decode(stderr).trim();
  if (Deno.env.get("CI") === "true") throw new Error(`Could not compile: ${text}\n${base.reason}`);
  return { path: null, reason: `deno compile: ${text.split("\n").at(-1)} ${base.reason}`.trim() };
}

/** The base that is named or can be made, else why there is none: then Deno downloads one, where it can. */
export async function baseExecutable(): Promise<
  { readonly path: string | null; readonly reason: string }
> {
  const named = Deno.env.get("DENORT_BIN");
  if (named !== undefined) return { path: named, reason: "" };
  return await denort().then(
    (path) => ({ path, reason: "" }),
    (error: Error) => ({ path: null, reason: error.message }),
  );
}
