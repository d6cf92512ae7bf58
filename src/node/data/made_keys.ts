/** The API keys that were made while a node ran: kept, so that their holders get in after a restart. */

import { join } from "node:path";
import { type ApiKey, type MadeKeys, readKeyFile } from "../../api/mod.ts";
import { writeWhole } from "../../base/atomic_file.ts";
import { keptText } from "../../base/kept_file.ts";
import { unlessMissing } from "../../base/unless_missing.ts";

/** @throws {KeyFileError} where the file is damaged, or others may read it. */
export async function openMadeKeys(dataDir: string): Promise<MadeKeys> {
  const path = join(dataDir, "made-keys.json");
  return {
    keys: await isThere(path) ? await readKeyFile(path) : [],
    save: (keys) => save(path, keys),
  };
}

/** No file is left without keys: the command line takes its presence for a key. */
async function save(path: string, keys: readonly ApiKey[]): Promise<void> {
  if (keys.length === 0) return await unlessMissing(Deno.remove(path));
  await writeWhole(path, keptText({ keys }), { sync: true });
}

async function isThere(path: string): Promise<boolean> {
  return await unlessMissing(Deno.stat(path)) !== undefined;
}
