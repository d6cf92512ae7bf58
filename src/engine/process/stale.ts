import { unlessMissing } from "../../base/unless_missing.ts";
import type { Logger } from "@logtape/logtape";
import { setTimeout as delay } from "node:timers/promises";
import { childFilePath, type ChildRecord, parseChildFile } from "./child_file.ts";
import { STALE_POLL_MS, STOP_GRACE_MS } from "../base/defaults.ts";
import { isRunning, type ProcessIdentity, signalProcess } from "./process_identity.ts";

/**
 * Ends children that an earlier run of this data directory left behind. They are known by pid and
 * start time, so a process that merely got such a pid since is never touched. Only for who holds the
 * data directory's lock: the children of a node that runs are in the same file.
 */
export async function endStaleChildren(
  dataDir: string,
  { logger, signal }: { logger: Logger; signal?: AbortSignal },
): Promise<readonly ChildRecord[]> {
  const path = childFilePath(dataDir);
  const children = await readChildren(path);
  const ended = await Promise.all(children.map(async (child) => {
    if (!await isRunning(child)) return [];
    logger.info("Ending {name} ({pid}), left behind by an earlier run", { ...child });
    return await endProcess(child, signal) ? [child] : [];
  }));
  if (children.length > 0) await Deno.remove(path);
  return ended.flat();
}

/** SIGTERM, then SIGKILL, to a process that is not our child any more. Answers whether it still ran. */
export async function endProcess(process: ProcessIdentity, signal?: AbortSignal): Promise<boolean> {
  if (!await signalProcess(process, "SIGTERM")) return false;
  if (await isGone(process, signal)) return true;
  await signalProcess(process, "SIGKILL");
  await isGone(process, signal);
  return true;
}

async function readChildren(path: string): Promise<ChildRecord[]> {
  const text = await unlessMissing(Deno.readTextFile(path));
  return text === undefined ? [] : parseChildFile(text);
}

/** It is nobody's child any more, so the system tells nobody when it ends: it has to be looked for. */
async function isGone(child: ProcessIdentity, signal?: AbortSignal): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < STOP_GRACE_MS; waitedMs += STALE_POLL_MS) {
    if (!await isRunning(child)) return true;
    await delay(STALE_POLL_MS, undefined, { signal });
  }
  return !await isRunning(child);
}
