import { reasonOf } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import type { DownloadWorld } from "../../downloads/mod.ts";
import { isNoExec } from "../../base/no_exec.ts";
import type { MachineFacts } from "../devices/machine_facts.ts";
import { readMachineFacts } from "../devices/read_facts.ts";
import { INSTALL_POLL_MS, RELEASE_TAG } from "../base/defaults.ts";
import { EngineInstallError, EngineNotFoundError, SourceUnavailableError } from "../base/errors.ts";
import type {
  BackendChoice,
  EngineRecord,
  EngineSource,
  InstallProgress,
  Trial,
} from "../base/types.ts";
import { BUILDS } from "./builds.ts";
import { type BuildChoice, type Candidate, chooseBuilds } from "./choose_build.ts";
import { engineDir, holdEngines, removeStaged } from "./engine_dir.ts";
import { type DebianOptions, installDebian } from "./install_debian.ts";
import { installRelease, type ReleaseOptions } from "./install_release.ts";
import type { TriedEngine } from "./try_out.ts";

export interface InstallOptions {
  readonly dataDir: string;
  /** `null`: the release, or Debian where that cannot be had. */
  readonly from: EngineSource | null;
  readonly downloads: DownloadWorld;
  /** @default {"auto"} */
  readonly backend?: BackendChoice;
  /** llama.cpp's own number of the one build that will do. */
  readonly number?: string;
  /** The remedy if none can be installed; absent, it follows from the request. */
  readonly remedy?: string;
  /** Makes what an engine has to answer before it is used; absent, that it runs is enough. */
  readonly trial?: () => Promise<Trial>;
  readonly onProgress: (progress: InstallProgress) => void;
  /** The sentence that people should see at once: how large a download is, and why no better build was taken. */
  readonly onNotice?: (sentence: string) => void;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
  /** This machine's, unless said. */
  readonly facts?: MachineFacts;
  /** The sources, if not the usual ones. */
  readonly release?: Pick<ReleaseOptions, "apiUrl" | "tag" | "firstRunMs">;
  readonly debian?: Pick<DebianOptions, "mirror" | "keyrings">;
}

/**
 * Installs into the data directory the best build of llama.cpp that works on this machine.
 * @throws {EngineInstallError} with the reason of each that was tried.
 */
export async function installEngine(options: InstallOptions): Promise<EngineRecord> {
  const choice = await choose(options);
  using _turn = choice.candidates.length === 0 ? null : await turnOf(options);
  return await installBest(options, choice);
}

/**
 * The same for a start that found no llama.cpp: another process may be installing it.
 * @param find throws {EngineNotFoundError} while there is none
 */
export async function installIfMissing<T>(
  options: InstallOptions,
  find: () => Promise<T>,
): Promise<T> {
  using _turn = await turnOf(options);
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof EngineNotFoundError)) throw error;
  }
  await installBest(options, await choose(options));
  return await find();
}

async function turnOf({ dataDir, downloads, signal, logger }: InstallOptions): Promise<Disposable> {
  const waiting = signal ?? new AbortController().signal;
  let isTold = false;
  const wait = async () => {
    if (!isTold) logger.info("Another process installs llama.cpp: waiting for it");
    isTold = true;
    await downloads.pause(INSTALL_POLL_MS, waiting);
  };
  try {
    return await holdEngines(dataDir, wait);
  } catch (error) {
    signal?.throwIfAborted();
    throw new EngineInstallError(
      `Could not install llama.cpp into ${engineDir(dataDir)}: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

async function choose(
  { backend = "auto", from, ...options }: InstallOptions,
): Promise<BuildChoice> {
  return chooseBuilds(options.facts ?? await readMachineFacts(options), { backend, from });
}

async function installBest(options: InstallOptions, choice: BuildChoice): Promise<EngineRecord> {
  const { signal, logger } = options;
  const { candidates } = choice;
  await checkMayRun(options.dataDir);
  if (candidates.length > 0) await removeStaged(options.dataDir);
  const refusals = choice.refusals.map(({ found }) => found);
  const trial = candidates.length === 0 ? null : await options.trial?.() ?? null;
  const failures: Failure[] = [];
  for (const candidate of candidates) {
    const { build, source } = candidate;
    if (failures.some((failure) => failure.isFinal && failure.candidate.source === source)) {
      continue;
    }
    const why = whyNoBetter(candidate, refusals, failures);
    try {
      const { device } = await installFrom(candidate, { ...options, trial, why });
      if (why !== null) options.onNotice?.(why);
      const tag = source === "release" ? options.release?.tag ?? RELEASE_TAG : null;
      return { source, tag, build, device, why };
    } catch (error) {
      signal?.throwIfAborted();
      const isFinal = error instanceof SourceUnavailableError;
      failures.push({ candidate, reason: reasonOf(error), isFinal });
      logger.debug("Could not install {name}: {reason}", {
        name: nameOf(candidate),
        reason: reasonOf(error),
      });
    }
  }
  throw new EngineInstallError(whyNone(options, refusals, failures));
}

/** Before anything is fetched that could not be run. */
async function checkMayRun(dataDir: string): Promise<void> {
  await Deno.mkdir(dataDir, { recursive: true });
  if (!isNoExec(dataDir)) return;
  throw new EngineInstallError(
    `Could not install llama.cpp into ${dataDir}: the system runs nothing from that disk, which is mounted noexec. ` +
      "Name a folder on another one with --data-dir",
  );
}

interface Failure {
  readonly candidate: Candidate;
  readonly reason: string;
  /** The whole source can't be had. */
  readonly isFinal: boolean;
}

/** The reason why no better build is used, as one sentence. */
function whyNoBetter(
  { build }: Candidate,
  refusals: readonly string[],
  failures: readonly Failure[],
): string | null {
  const better = failures.filter((failure) => failure.candidate.build !== build)
    .map(({ candidate, reason }) => `${nameOf(candidate)}: ${reason}`);
  const reasons = [...refusals, ...better];
  return reasons.length === 0 ? null : `${reasons.join("; ")}; using ${BUILDS[build].name}`;
}

function whyNone(
  { backend = "auto", from, remedy = REMEDIES[backend === "auto" ? "any" : "named"] }:
    InstallOptions,
  refusals: readonly string[],
  failures: readonly Failure[],
): string {
  const reasons = [
    ...refusals,
    ...failures.map(({ candidate, reason, isFinal }) =>
      `${isFinal ? SOURCES[candidate.source] : nameOf(candidate)}: ${reason}`
    ),
    ...(refusals.length + failures.length > 0 || from === null
      ? []
      : [`${SOURCES[from]}: it has no such build`]),
  ];
  const colon = refusals.length > 0 ? ":" : "";
  return `Could not install llama.cpp${colon} ${reasons.join("; ")}. ${remedy}`;
}

const REMEDIES = {
  any: "Install it yourself (on macOS `brew install llama.cpp`), or name its folder with --bin-dir",
  named: "Leave --backend out for the best build that runs here",
};

const SOURCES = { release: "from its release", debian: "from Debian" };

function nameOf({ build, source }: Candidate): string {
  return `${build === "cpu" ? "for" : "with"} ${BUILDS[build].name} ${SOURCES[source]}`;
}

function installFrom(
  { build, source }: Candidate,
  options: Omit<InstallOptions, "trial"> & {
    readonly trial: Trial | null;
    readonly why: string | null;
  },
): Promise<TriedEngine> {
  return source === "release"
    ? installRelease({ ...options, ...options.release, build })
    : installDebian({ ...options, ...options.debian, build });
}
