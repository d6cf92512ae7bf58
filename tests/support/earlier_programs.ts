/** Executables of earlier versions, made out of the repository's history: once for each commit, about 5 s each. */

import { join } from "node:path";
import { installDependencies } from "../../scripts/dependencies.ts";
import { fromRoot, run } from "../../scripts/run.ts";
import { type CompiledProgram, compileIn } from "./compiled.ts";
import { command } from "./namespaces.ts";
import { removeFolder } from "./remove_folder.ts";

/** A commit, and what its program is like. */
export interface EarlierVersion {
  /** A few words on its nodes. */
  readonly what: string;
  readonly commit: string;
  /** None of them was released, and all say 0.1.0: each is compiled with a number of its own, so that nodes tell it apart. */
  readonly version: string;
  /** Whether it looks for others on the local network, and has the options that forbid it. */
  readonly hasLan: boolean;
}

/** Ignored by git, and kept: what a commit holds never changes. */
const FOLDER = fromRoot(".cache/earlier");

/** All that an executable is made of. */
const SOURCES = ["main.ts", "src", "console", "scripts", "deno.json", "package.json"];
const LOCK = "package-lock.json";

const made = new Map<string, Promise<CompiledProgram>>();

/** On CI there is no excuse: it throws there instead. */
export function earlierProgram(earlier: EarlierVersion): Promise<CompiledProgram> {
  const { commit } = earlier;
  const program = made.get(commit) ?? make(earlier);
  made.set(commit, program);
  return program;
}

async function make(earlier: EarlierVersion): Promise<CompiledProgram> {
  const { commit } = earlier;
  const path = join(FOLDER, `mesh-llm-${commit}`);
  if (await isFile(path)) return { path };
  const reason = await whyNoCommit(commit);
  if (reason !== null) {
    if (Deno.env.get("CI") === "true") throw new Error(reason);
    return { path: null, reason };
  }
  await Deno.mkdir(FOLDER, { recursive: true });
  const root = await Deno.makeTempDir({ dir: FOLDER });
  try {
    await unpack(earlier, root);
    await bringModules(root);
    await command(Deno.execPath(), ["run", "-A", join(root, "scripts/build_console.ts")]);
    const program = await compileIn(root);
    // Whole or not at all, also beside another run of the tests.
    if (program.path !== null) await Deno.rename(program.path, path);
    return program.path === null ? program : { path };
  } finally {
    await removeFolder(root);
  }
}

/** The words of git go before the remedy: the folder may be no repository, or belong to somebody else. */
async function whyNoCommit(commit: string): Promise<string | null> {
  const git = run("git", ["cat-file", "-e", `${commit}^{tree}`], { output: "capture" });
  const { success, text } = await git.catch((error) => ({ success: false, text: String(error) }));
  if (success) return null;
  return `An earlier version is compiled out of the repository's history, and its commit can't be read (${text.trim()}). ` +
    "Where the copy is shallow, fetch the rest: git fetch --unshallow";
}

async function unpack({ commit, version }: EarlierVersion, root: string): Promise<void> {
  const archive = join(root, "sources.tar");
  await command("git", ["archive", "--output", archive, commit, ...SOURCES, LOCK]);
  await command("tar", ["-x", "-f", archive, "-C", root]);
  await Deno.remove(archive);
  const manifest = join(root, "package.json");
  const told = JSON.parse(await Deno.readTextFile(manifest));
  await Deno.writeTextFile(manifest, JSON.stringify({ ...told, version }));
}

/** Those of this version where they have all of the earlier one's, else by npm. */
async function bringModules(root: string): Promise<void> {
  const [its, ours] = await Promise.all([join(root, LOCK), fromRoot(LOCK)].map(readLock));
  if (!holdsAll(ours!, its!)) {
    await installDependencies({ root });
    return;
  }
  // Links to the files: a link to the folder would lead the bundler to another root.
  await command("cp", ["-R", "-l", fromRoot("node_modules"), join(root, "node_modules")]);
}

/** The packages of a lock by their paths. */
export type LockedPackages = Readonly<Record<string, { readonly integrity?: string }>>;

async function readLock(path: string): Promise<LockedPackages> {
  return JSON.parse(await Deno.readTextFile(path)).packages;
}

/** Whether each package of `its` is in `ours` at the same place with the same contents. */
export function holdsAll(ours: LockedPackages, its: LockedPackages): boolean {
  return Object.entries(its).every(([path, { integrity }]) =>
    path === "" || (Object.hasOwn(ours, path) && ours[path]!.integrity === integrity)
  );
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}
