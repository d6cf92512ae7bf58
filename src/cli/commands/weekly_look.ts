/** The looks of `--weekly-look`, beside a node from its start to its end. */

import type { Logger } from "@logtape/logtape";
import { proxySettings } from "../../base/proxy_choice.ts";
import { pause } from "../../base/pause.ts";
import { VERSION } from "../base/version.ts";
import type { Environment } from "../config/cli_context.ts";
import { RELEASE_KEY } from "../update/release_key.ts";
import { readKey, targetName } from "../update/release_list.ts";
import { releaseSource } from "../update/release_source.ts";
import { lookForRelease } from "../update/update.ts";
import { UpdateError } from "../update/update_error.ts";
import { WeeklyLook } from "../update/weekly_look.ts";

export interface LookingNode {
  readonly environment: Environment;
  readonly logger: Logger;
  /** Settles at its end, and with it that of the looks. */
  readonly done: Promise<unknown>;
}

/**
 * A program that knows no releases says so, and looks for none.
 * @returns the version of a newer release, where one was found
 */
export function startWeeklyLook(
  dataDir: string,
  { environment, logger, done }: LookingNode,
): () => string | null {
  try {
    readKey(RELEASE_KEY);
    const source = releaseSource(null, proxySettings({ ...environment }));
    const known = { source, key: RELEASE_KEY, target: targetName(Deno.build) };
    const onFailure = (error: unknown) =>
      logger.warn("Could not look for a newer mesh-llm, and tries again in a day: {error}", {
        error,
      });
    const weekly = new WeeklyLook({
      dataDir,
      version: VERSION,
      look: async (signal) => (await lookForRelease({ ...known, signal }, null)).version,
      now: Date.now,
      pause,
      onFailure,
    });
    const ending = new AbortController();
    void done.catch(() => {}).finally(() => ending.abort());
    weekly.run(ending.signal).catch(onFailure);
    return () => weekly.newer;
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    logger.warn("--weekly-look has no effect. {sentence}", { sentence: error.message });
    return () => null;
  }
}
