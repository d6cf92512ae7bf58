/** The result of the last look for a release: the doctor tells it, and asks no server itself. */

import { join } from "node:path";
import { writeWhole } from "../../base/atomic_file.ts";
import { parseJson } from "../../base/json.ts";
import { readOwnText } from "../../base/own_files.ts";
import { compareReleases, isVersion } from "../../base/release_versions.ts";

export interface LastLook {
  readonly version: string;
  readonly atMs: number;
}

/** The file as it is kept. */
export interface KeptLook {
  readonly look: LastLook | null;
  /** The last time that a running node asked for one, whatever came of it; 0 where none did. */
  readonly triedMs: number;
}

export function lastLookFile(dataDir: string): string {
  return join(dataDir, "update.json");
}

const FILE_BYTES_MAX = 1_024;

/** `null` where nobody has looked, or the file is none of ours. */
export async function readLastLook(dataDir: string): Promise<LastLook | null> {
  return (await readKeptLook(dataDir)).look;
}

export async function readKeptLook(dataDir: string): Promise<KeptLook> {
  const found = parseJson(await readOwnText(lastLookFile(dataDir), FILE_BYTES_MAX));
  const { version, atMs, triedMs } = (found ?? {}) as Partial<LastLook & KeptLook>;
  const isLook = typeof version === "string" && isVersion(version) && isTime(atMs);
  return { look: isLook ? { version, atMs } : null, triedMs: isTime(triedMs) ? triedMs : 0 };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(new Date(value).getTime());
}

/** A look is as good where it can't be kept. */
export async function keepLook(dataDir: string, { look, triedMs }: KeptLook): Promise<void> {
  const text = JSON.stringify({ ...look, ...(triedMs === 0 ? {} : { triedMs }) });
  await writeWhole(lastLookFile(dataDir), text).catch(() => {});
}

/** The version that was found, where it is newer than this one. Pure. */
export function newerIn({ look }: Pick<KeptLook, "look">, version: string): string | null {
  return look !== null && compareReleases(look.version, version) > 0 ? look.version : null;
}
