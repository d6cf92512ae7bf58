import { join } from "node:path";
import {
  aptOptions,
  binaryPaths,
  debianPackages,
  type DebianTarget,
  debianTarget,
  sourcesList,
  wrapperScript,
} from "./debian_layout.ts";
import { stagingDir } from "./engine_dir.ts";
import { EngineInstallError, lastWords, SourceUnavailableError } from "../base/errors.ts";
import { run } from "../base/run.ts";
import type { EngineBuild, InstallProgress, Trial } from "../base/types.ts";
import { publishTried } from "./publish_tried.ts";
import type { TriedEngine } from "./try_out.ts";
import { unpackOnce } from "./unpack.ts";

export interface DebianOptions {
  readonly dataDir: string;
  readonly build: EngineBuild;
  readonly trial: Trial | null;
  /** For the first run of what was unpacked. */
  readonly firstRunMs?: number;
  /** llama.cpp's own number of the one build that will do. */
  readonly number?: string;
  /** Why it is no better build, for its record. */
  readonly why: string | null;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal;
  /** @default {"http://deb.debian.org/debian"} */
  readonly mirror?: string;
  /** The places where Debian's archive keys may be. */
  readonly keyrings?: readonly string[];
}

/** Debian's own, and the package `debian-archive-keyring` elsewhere. */
const KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.gpg",
  "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/**
 * Installs llama.cpp from Debian's signed packages: fetched by this machine's apt, but unpacked into
 * the data directory, with every library they need. Needs no root and changes nothing else.
 * @throws {EngineInstallError}
 */
export async function installDebian(options: DebianOptions): Promise<TriedEngine> {
  const { dataDir, build } = options;
  const { target, keyring } = await requirements(options);
  const unpacked = await unpackOnce(dataDir, `debian-${build}`, async (staged) => {
    const work = await stagingDir(dataDir);
    try {
      await fetchPackages(work, target, keyring, options);
      await unpackPackages(work, staged, options);
    } finally {
      await Deno.remove(work, { recursive: true });
    }
    await linkBackends(staged, target);
    await writeWrappers(staged, target);
  });
  return await publishTried(unpacked, {
    ...options,
    binaries: () => Promise.resolve(unpacked),
    name: ({ number }) => `debian-${number}-${build}`,
    record: { source: "debian", tag: null, build, why: options.why },
  });
}

async function requirements({ keyrings = KEYRINGS, signal }: DebianOptions) {
  const { os, arch } = Deno.build;
  const target = os === "linux" ? debianTarget(arch) : undefined;
  if (target === undefined) {
    throw new SourceUnavailableError(`Debian has no packages for ${os} on ${arch}`);
  }
  for (const command of ["apt-get", "dpkg-deb"]) await requireCommand(command, signal);
  for (const keyring of keyrings) {
    if (await Deno.stat(keyring).then(() => true, () => false)) return { target, keyring };
  }
  throw new SourceUnavailableError(
    "This machine has no keys of Debian's archive to check its packages with " +
      "(package debian-archive-keyring)",
  );
}

async function requireCommand(command: string, signal?: AbortSignal): Promise<void> {
  try {
    await run(command, ["--version"], signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SourceUnavailableError(
      `This machine has no ${command}, which Debian's packages need`,
    );
  }
}

async function fetchPackages(
  work: string,
  target: DebianTarget,
  keyring: string,
  options: DebianOptions,
): Promise<void> {
  const { mirror = "http://deb.debian.org/debian" } = options;
  for (const folder of ["state/lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(join(work, folder), { recursive: true });
  }
  await Deno.writeTextFile(join(work, "sources.list"), sourcesList(target, keyring, mirror));
  await Deno.writeTextFile(join(work, "status"), "");
  const apt = aptOptions(work, target, Deno.uid() === 0);
  report(options, "Reading Debian's list of packages");
  await must("apt-get", [...apt, "update"], work, options.signal).catch((error) => {
    throw error instanceof EngineInstallError ? new SourceUnavailableError(error.message) : error;
  });
  report(options, "Downloading Debian's packages");
  await must(
    "apt-get",
    [...apt, "--yes", "--download-only", "install", ...debianPackages(options.build)],
    work,
    options.signal,
  );
}

async function unpackPackages(work: string, staged: string, options: DebianOptions): Promise<void> {
  report(options, "Unpacking Debian's packages");
  const archives = join(work, "cache/archives");
  const root = join(staged, "root");
  await Deno.mkdir(root, { recursive: true });
  for await (const { name } of Deno.readDir(archives)) {
    if (!name.endsWith(".deb")) continue;
    await must("dpkg-deb", ["--extract", join(archives, name), root], work, options.signal);
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

async function writeWrappers(staged: string, target: DebianTarget): Promise<void> {
  for (const [name, binary] of Object.entries(binaryPaths(target))) {
    await Deno.writeTextFile(join(staged, name), wrapperScript(target, binary), { mode: 0o755 });
  }
}

/** The command's temporary files go into `work`, not into the temporary folder of all users. */
async function must(
  command: string,
  args: string[],
  work: string,
  signal?: AbortSignal,
): Promise<void> {
  const { code, stderr } = await run(command, args, {
    env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive", TMPDIR: work },
    ...(signal === undefined ? {} : { signal }),
  });
  if (code === 0) return;
  throw new EngineInstallError(`${command} ended with code ${code}${lastWords(stderr)}`);
}

function report({ onProgress }: DebianOptions, step: string): void {
  onProgress({ source: "debian", step, receivedBytes: 0, totalBytes: null });
}
