import type { Logger } from "@logtape/logtape";
import { EngineInstallError, reasonOf } from "../base/errors.ts";
import { type DebianOptions, installDebian } from "./install_debian.ts";
import { installRelease, type ReleaseOptions } from "./install_release.ts";
import type { EngineSource, InstallProgress } from "../base/types.ts";

export interface InstallOptions {
  readonly dataDir: string;
  /** `null`: the release, or Debian where that cannot be had. */
  readonly from: EngineSource | null;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
  /** Where the sources are, when not where they always are. */
  readonly release?: Pick<ReleaseOptions, "apiUrl" | "tag">;
  readonly debian?: Pick<DebianOptions, "mirror" | "keyrings">;
}

/** Installs llama.cpp into the data directory. @throws {EngineInstallError} with the reason of each source tried. */
export async function installEngine(options: InstallOptions): Promise<EngineSource> {
  const sources: readonly EngineSource[] = options.from === null
    ? ["release", "debian"]
    : [options.from];
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      await installFrom(source, options);
      return source;
    } catch (error) {
      options.signal?.throwIfAborted();
      reasons.push(`from ${NAMES[source]}: ${reasonOf(error)}`);
      options.logger.debug("Could not install llama.cpp {reason}", { reason: reasons.at(-1) });
    }
  }
  throw new EngineInstallError(
    `Could not install llama.cpp ${reasons.join("; ")}. ` +
      "Install it yourself (on macOS `brew install llama.cpp`), or name its folder with --bin-dir",
  );
}

const NAMES = { release: "its release", debian: "Debian" };

function installFrom(source: EngineSource, options: InstallOptions): Promise<void> {
  return source === "release"
    ? installRelease({ ...options, ...options.release })
    : installDebian({ ...options, ...options.debian });
}
