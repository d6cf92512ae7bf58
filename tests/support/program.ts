/** The program as a user starts it, apart from whatever else this machine holds. */

import { join } from "node:path";
import { removeFolder } from "./remove_folder.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

export interface Program {
  /** An executable to run instead of `main.ts`. */
  readonly compiled?: string;
  /** A module to run instead of `main.ts`. */
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** @default {"null"} */
  readonly stdin?: "null" | "piped";
  /** The network namespace that it runs in, where not in the test's own. */
  readonly namespace?: string;
  /** The only processor that it may use; Linux. @default {all of them} */
  readonly core?: string | undefined;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command that ends by itself. */
export async function runProgram(
  args: readonly string[],
  program: Program = {},
): Promise<Outcome> {
  await using home = await temporaryFolder();
  const { code, stdout, stderr } = await programCommand(args, program, home.path).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** `home` keeps models and settings of the user who runs the tests out of them. */
export function programCommand(
  args: readonly string[],
  { compiled, main = MAIN, env, cwd, namespace, core, stdin = "null" }: Program,
  home: string,
): Deno.Command {
  const run = compiled === undefined ? [Deno.execPath(), "run", "-A", "--quiet", main] : [compiled];
  const [executable = "", ...rest] = [...inside(namespace), ...on(core), ...run, ...args];
  return new Deno.Command(executable, {
    args: rest,
    env: { ...cleanEnvironment(home), ...env },
    clearEnv: true,
    stdin,
    stdout: "piped",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** The command that starts a program in a namespace; its process id is then that of the program. */
function inside(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
}

/** As `inside`. */
function on(core: string | undefined): string[] {
  return core === undefined ? [] : ["taskset", "-c", core];
}

/** No key and no data directory of the user's; Deno's cache stays where it is. */
function cleanEnvironment(home: string): Record<string, string> {
  const inherited = ["PATH", "LANG", "TMPDIR", "MESH_LLM_DEBUG", "NPM_CONFIG_REGISTRY"];
  const kept = inherited.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), HOME: home, DENO_DIR: denoDir() };
}

/** As Deno itself chooses it. */
function denoDir(): string {
  const { DENO_DIR, XDG_CACHE_HOME, HOME = "" } = Deno.env.toObject();
  if (DENO_DIR) return DENO_DIR;
  if (Deno.build.os === "darwin") return join(HOME, "Library/Caches/deno");
  return join(XDG_CACHE_HOME || join(HOME, ".cache"), "deno");
}

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Removed with its scope. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "mesh-llm-test-" });
  return { path, [Symbol.asyncDispose]: () => removeFolder(path) };
}
