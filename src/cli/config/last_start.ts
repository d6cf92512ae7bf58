/** The last use of a data directory, so that a start without arguments means the same again. */

import { join } from "node:path";
import { writeWhole } from "../../base/atomic_file.ts";
import {
  type Fields,
  FIRST_FORM,
  keptText,
  LaterFileError,
  presentForm,
} from "../../base/kept_file.ts";

export interface LastStart {
  readonly role: "member" | "client";
  /** As `--model` takes them; paths are absolute. */
  readonly models: readonly string[];
}

/** `undefined` where the directory belongs to no mesh: then nothing says what to do there. */
export function readLastStart(dataDir: string): LastStart | undefined {
  const { models, isClient } = readStarted(dataDir);
  const hasClient = isThere(join(dataDir, "client", "mesh.json"));
  if (!(isClient && hasClient) && isThere(join(dataDir, "mesh.json"))) {
    return { role: "member", models };
  }
  return hasClient ? { role: "client", models: [] } : undefined;
}

/** A client has taken the place of the member of this directory, until that is started again. */
export async function keepClientStart(dataDir: string): Promise<void> {
  await writeWhole(join(dataDir, "started.json"), keptText({ client: true }));
}

/** A damaged file counts: the start then says what is wrong with it. */
export function hasMadeKeys(dataDir: string): boolean {
  return isThere(join(dataDir, "made-keys.json"));
}

/** A file that is missing or damaged names no model: then the mesh says what is needed. @throws {LaterFileError} */
function readStarted(dataDir: string): { models: readonly string[]; isClient: boolean } {
  const path = join(dataDir, "started.json");
  try {
    const kept = presentForm(path, JSON.parse(Deno.readTextFileSync(path)), FIRST_FORM);
    const { models, client } = kept.json as Fields;
    const isList = Array.isArray(models) &&
      models.every((model) => typeof model === "string" && model !== "");
    return { models: isList ? models : [], isClient: client === true };
  } catch (error) {
    if (error instanceof LaterFileError) throw error;
    return { models: [], isClient: false };
  }
}

/** Also where it can't be read: the start tells the reason then. */
function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied;
  }
}
