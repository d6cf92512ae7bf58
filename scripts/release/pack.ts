/**
 * `deno task release [--unsigned] [TARGET...]`: packs the executables that `deno task compile --target TARGET` has made
 * into `dist/release`, with install.sh, SHA256SUMS, its signature, the list of what is in them and the notes. Without
 * targets all that were made. The secret key is in MESH_LLM_RELEASE_KEY; `--unsigned` makes what nobody can install.
 */

import { parseArgs } from "node:util";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { RELEASE_KEY } from "../../src/cli/update/release_key.ts";
import { complain, fromRoot, run, say } from "../run.ts";
import { findTarget, TARGETS } from "../targets.ts";
import { commitTimeS, makeArchive } from "./archive.ts";
import { makeDeb } from "./deb.ts";
import { formulaOf } from "./formula.ts";
import {
  archiveName,
  DEB_ARCHITECTURES,
  debName,
  FORMULA,
  INSTALLER,
  NOTES,
  releaseName,
  sbomName,
} from "./names.ts";
import { notesOf } from "./notes.ts";
import { ReleaseError } from "./release_error.ts";
import { lockedPackages, sbomOf, shippedPackages } from "./sbom.ts";
import { KEY_VARIABLE, readSigningKey, type SigningKey } from "./signing.ts";
import { digestOf, signSums, writeSums } from "./sums.ts";

const SHELLS = { bash: "mesh-llm.bash", zsh: "_mesh-llm", fish: "mesh-llm.fish" } as const;

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    complain(error.message);
    Deno.exit(1);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    options: { unsigned: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const key = values.unsigned ? null : await readSigningKey(Deno.env.get(KEY_VARIABLE));
  const executables = await findExecutables(positionals);
  const folder = fromRoot("dist/release");
  await packRelease({ folder, executables, key, publicKey: RELEASE_KEY });
  for await (const { name } of Deno.readDir(folder)) say(join(folder, name));
}

export interface PackOptions {
  /** Emptied first. */
  readonly folder: string;
  /** The path for each target. */
  readonly executables: ReadonlyMap<string, string>;
  /** `null` leaves the release without a signature. */
  readonly key: SigningKey | null;
  /** The one that these executables have in them. */
  readonly publicKey: string;
  /** @default {that of package.json} */
  readonly version?: string;
}

/** @throws {ReleaseError} before anything is written, unless packing itself fails */
export async function packRelease(
  { folder, executables, key, publicKey, version = manifest.version }: PackOptions,
): Promise<void> {
  if (key !== null && key.publicKey !== publicKey) {
    throw new ReleaseError(
      `${KEY_VARIABLE} is not the key whose public half is in the executables: nobody could update to this release`,
    );
  }
  const notes = notesOf(await Deno.readTextFile(fromRoot("CHANGELOG.md")), manifest.version);
  const timeS = await commitTimeS();
  const [locked, shipped] = await Promise.all([lockedPackages(), shippedPackages()]);
  const sbom = sbomOf(locked, { shipped, deno: Deno.version.deno, timeS });
  await Deno.remove(folder, { recursive: true }).catch(ignoreMissing);
  await Deno.mkdir(folder, { recursive: true });
  const digests = new Map<string, string>();
  for (const [target, path] of executables) {
    await packOne({ folder, version, target, path, timeS });
    digests.set(target, await digestOf(join(folder, archiveName(version, target))));
  }
  const { repository } = manifest;
  await Deno.writeTextFile(join(folder, FORMULA), formulaOf({ version, repository, digests }));
  await Deno.copyFile(fromRoot(INSTALLER), join(folder, INSTALLER));
  await Deno.writeTextFile(join(folder, sbomName(version)), JSON.stringify(sbom, null, 2) + "\n");
  await writeSums(folder);
  if (key !== null) await signSums(folder, key);
  await Deno.writeTextFile(join(folder, NOTES), notes);
}

interface OneOptions {
  readonly folder: string;
  readonly version: string;
  readonly target: string;
  readonly path: string;
  readonly timeS: number;
}

async function packOne({ folder, version, target, path, timeS }: OneOptions): Promise<void> {
  const stage = await Deno.makeTempDir({ prefix: "mesh-llm-pack-" });
  const name = releaseName(version, target);
  try {
    await Deno.mkdir(join(stage, name, "completions"), { recursive: true });
    await Deno.copyFile(path, join(stage, name, "mesh-llm"));
    await Deno.chmod(join(stage, name, "mesh-llm"), 0o755);
    await Deno.copyFile(fromRoot("LICENSE"), join(stage, name, "LICENSE"));
    for (const [shell, file] of Object.entries(SHELLS)) {
      await Deno.writeTextFile(join(stage, name, "completions", file), await completions(shell));
    }
    const output = join(folder, archiveName(version, target));
    await makeArchive({ folder: stage, name, output, timeS });
    const architecture = DEB_ARCHITECTURES[target];
    if (architecture === undefined) return;
    await makeDeb({
      timeS,
      executable: path,
      completions: join(stage, name, "completions"),
      version,
      architecture,
      repository: manifest.repository,
      output: join(folder, debName(version, architecture)),
    });
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/** From the source, which is the same for all targets; the executable of another one can't be asked here. */
async function completions(shell: string): Promise<string> {
  const args = ["run", "-A", fromRoot("main.ts"), "completions", shell];
  const { success, stdout, text } = await run(Deno.execPath(), args, { output: "capture" });
  if (success) return stdout;
  throw new ReleaseError(`Could not make the completions for ${shell}: ${text.trim()}`);
}

async function findExecutables(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { name } of names.length === 0 ? TARGETS : names.map(knownTarget)) {
    const path = fromRoot(`dist/mesh-llm-${name}`);
    const isThere = await Deno.stat(path).then(() => true, () => false);
    if (isThere) found.set(name, path);
    else if (names.length > 0) {
      throw new ReleaseError(`There is no ${path}: ${compileAdvice(name)}`);
    }
  }
  if (found.size > 0) return found;
  throw new ReleaseError(`There is no executable in dist: ${compileAdvice("linux-x64")}`);
}

function compileAdvice(target: string): string {
  return `run deno task compile --target ${target}`;
}

function knownTarget(name: string) {
  const target = findTarget(name);
  if (target !== undefined) return target;
  throw new ReleaseError(
    `There is no target ${name}: there are ${TARGETS.map((one) => one.name).join(", ")}`,
  );
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
