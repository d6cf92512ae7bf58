import { join, resolve } from "node:path";
import { writeWhole } from "../../base/atomic_file.ts";
import { keptText } from "../../base/kept_file.ts";

/**
 * Keeps what this node serves by its command line, so that a start without arguments means the same again.
 * @param models as they were given, relative to the working directory
 */
export async function keepLastStart(dataDir: string, models: readonly string[]): Promise<void> {
  const kept = await absoluteModels(models);
  await writeWhole(join(dataDir, "started.json"), keptText({ models: kept }));
}

/** The same models from whatever folder a node is started. */
export async function absoluteModels(models: readonly string[]): Promise<string[]> {
  return await Promise.all(models.map(absoluteFile));
}

/** A name, or a file that is looked for in the folders of models, stays as it is. */
async function absoluteFile(model: string): Promise<string> {
  const path = resolve(model);
  const isFile = await Deno.stat(path).then((info) => info.isFile, () => false);
  return isFile ? path : model;
}
