import { binaryPaths, debianPackages, debianTarget } from "./debian_layout.ts";
import { DEBIAN_MIRROR, fetchPackages, findKeyring, unpackPackages } from "./debian_packages.ts";
import { stagingDir } from "./engine_dir.ts";
import { SourceUnavailableError } from "../base/errors.ts";
import { runCommand } from "../../base/run_command.ts";
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

/**
 * Installs llama.cpp from Debian's signed packages: fetched by this machine's apt, but unpacked into
 * the data directory, with every library they need. Needs no root and changes nothing else.
 * @throws {EngineInstallError}
 */
export async function installDebian(options: DebianOptions): Promise<TriedEngine> {
  const { dataDir, build, signal, mirror = DEBIAN_MIRROR } = options;
  const { target, keyring } = await requirements(options);
  const onStep = (step: string) =>
    options.onProgress({ source: "debian", step, receivedBytes: 0, totalBytes: null });
  const unpacked = await unpackOnce(dataDir, `debian-${build}`, async (staged) => {
    const work = await stagingDir(dataDir);
    try {
      const packages = debianPackages(build);
      await fetchPackages(work, { target, keyring, mirror, packages, onStep, signal });
      onStep("Unpacking Debian's packages");
      await unpackPackages(work, staged, { target, binaries: binaryPaths(target), signal });
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  });
  return await publishTried(unpacked, {
    ...options,
    binaries: () => Promise.resolve(unpacked),
    name: ({ number }) => `debian-${number}-${build}`,
    record: { source: "debian", tag: null, build, why: options.why },
  });
}

async function requirements({ keyrings, signal }: DebianOptions) {
  const { os, arch } = Deno.build;
  const target = os === "linux" ? debianTarget(arch) : undefined;
  if (target === undefined) {
    throw new SourceUnavailableError(`Debian has no packages for ${os} on ${arch}`);
  }
  for (const command of ["apt-get", "dpkg-deb"]) await requireCommand(command, signal);
  return { target, keyring: await findKeyring(keyrings) };
}

async function requireCommand(command: string, signal?: AbortSignal): Promise<void> {
  try {
    await runCommand(command, ["--version"], signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SourceUnavailableError(
      `This machine has no ${command}, which Debian's packages need`,
    );
  }
}
