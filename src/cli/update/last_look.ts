/** The result of the last look for a release: the doctor tells it, and asks no server itself. */

import { join } from "node:path";
import { parseJson } from "../../base/json.ts";
import { readOwnText } from "../../base/own_files.ts";
import { isVersion } from "../../base/release_versions.ts";

export interface LastLook {
  readonly version: string;
  readonly atMs: number;
}

export function lastLookFile(dataDir: string): string {
  return join(dataDir, "update.json");
}

const FILE_BYTES_MAX = 1_024;

/** `null` where nobody has looked, or the file is none of ours. */
export async function readLastLook(dataDir: string): Promise<LastLook | null> {
  const found = parseJson(await readOwnText(lastLookFile(dataDir), FILE_BYTES_MAX));
  const { version, atMs } = (found ?? {}) as Partial<LastLook>;
  if (typeof version !== "string" || !isVersion(version)) return null;
  const isDate = typeof atMs === "number" && !Number.isNaN(new Date(atMs).getTime());
  return isDate ? { version, atMs } : null;
}
