/** The last use of a data directory, so that a start without arguments means the same again. */

import { join } from "node:path";

export interface LastStart {
  readonly role: "member" | "client";
  /** As `--model` takes them; paths are absolute. */
  readonly models: readonly string[];
}

/** `undefined` where the directory belongs to no mesh: then nothing says what to do there. */
export function readLastStart(dataDir: string): LastStart | undefined {
  if (isThere(join(dataDir, "mesh.json"))) return { role: "member", models: readModels(dataDir) };
  return isThere(join(dataDir, "client", "mesh.json")) ? { role: "client", models: [] } : undefined;
}

/** A damaged file counts: the start then says what is wrong with it. */
export function hasMadeKeys(dataDir: string): boolean {
  return isThere(join(dataDir, "made-keys.json"));
}

/** A file that is missing or damaged names no model: then the mesh says what is needed. */
function readModels(dataDir: string): readonly string[] {
  try {
    const { models } = JSON.parse(Deno.readTextFileSync(join(dataDir, "started.json")));
    const isList = Array.isArray(models) &&
      models.every((model) => typeof model === "string" && model !== "");
    return isList ? models : [];
  } catch {
    return [];
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
