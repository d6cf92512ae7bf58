/** Debian's packages on the disk: fetched by an apt of their own, unpacked without root, and made to run where they lie. */

import { join } from "node:path";
import { EngineInstallError, lastWords, SourceUnavailableError } from "../base/errors.ts";
import { runCommand } from "../../base/run_command.ts";
import { aptOptions, type DebianTarget, sourcesList, wrapperScript } from "./debian_layout.ts";

export const DEBIAN_MIRROR = "http://deb.debian.org/debian";

/** Debian's own, and the package `debian-archive-keyring` elsewhere. */
const KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.gpg",
  "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/** The keys to check packages with. @throws {SourceUnavailableError} */
export async function findKeyring(keyrings: readonly string[] = KEYRINGS): Promise<string> {
  for (const keyring of keyrings) {
    if (await Deno.stat(keyring).then(() => true, () => false)) return keyring;
  }
  throw new SourceUnavailableError(
    "This machine has no keys of Debian's archive to check its packages with " +
      "(package debian-archive-keyring)",
  );
}

export interface FetchPackagesOptions {
  readonly target: DebianTarget;
  readonly keyring: string;
  readonly mirror: string;
  readonly packages: readonly string[];
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches packages with all that they need into `work`. @throws {EngineInstallError} */
export async function fetchPackages(work: string, options: FetchPackagesOptions): Promise<void> {
  const { target, keyring, mirror, packages, onStep, signal } = options;
  for (const folder of ["state/lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(join(work, folder), { recursive: true });
  }
  await Deno.writeTextFile(join(work, "sources.list"), sourcesList(target, keyring, mirror));
  await Deno.writeTextFile(join(work, "status"), "");
  const apt = aptOptions(work, target, Deno.uid() === 0);
  onStep?.("Reading Debian's list of packages");
  await must("apt-get", [...apt, "update"], work, signal).catch((error) => {
    throw error instanceof EngineInstallError ? new SourceUnavailableError(error.message) : error;
  });
  onStep?.("Downloading Debian's packages");
  const install = [...apt, "--yes", "--download-only", "install", ...packages];
  await must("apt-get", install, work, signal);
}

export interface UnpackPackagesOptions {
  readonly target: DebianTarget;
  /** The names of the commands, with their places in the packages. */
  readonly binaries: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Unpacks into `staged` what was fetched into `work`, with a command for each binary. @throws {EngineInstallError} */
export async function unpackPackages(
  work: string,
  staged: string,
  { target, binaries, signal }: UnpackPackagesOptions,
): Promise<void> {
  const archives = join(work, "cache/archives");
  const root = join(staged, "root");
  await Deno.mkdir(root, { recursive: true });
  for await (const { name } of Deno.readDir(archives)) {
    if (!name.endsWith(".deb")) continue;
    await must("dpkg-deb", ["--extract", join(archives, name), root], work, signal);
  }
  await linkBackends(staged, target);
  for (const [name, binary] of Object.entries(binaries)) {
    await Deno.writeTextFile(join(staged, name), wrapperScript(target, binary), { mode: 0o755 });
  }
}

/** llama.cpp looks for its backends beside the running program, which is the loader here. */
async function linkBackends(staged: string, { triplet }: DebianTarget): Promise<void> {
  const lib = join(staged, "root/usr/lib", triplet);
  for await (const version of Deno.readDir(join(lib, "ggml"))) {
    for await (const { name } of Deno.readDir(join(lib, "ggml", version.name))) {
      if (name.endsWith(".so")) {
        await Deno.symlink(join("ggml", version.name, name), join(lib, name));
      }
    }
  }
}

/** The command's temporary files go into `work`, not into the temporary folder of all users. */
async function must(
  command: string,
  args: string[],
  work: string,
  signal?: AbortSignal,
): Promise<void> {
  const { code, stderr } = await runCommand(command, args, {
    env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive", TMPDIR: work },
    ...(signal === undefined ? {} : { signal }),
  });
  if (code === 0) return;
  throw new EngineInstallError(`${command} ended with code ${code}${lastWords(stderr)}`);
}
