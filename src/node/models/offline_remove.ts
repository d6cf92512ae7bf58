import { join } from "node:path";
import type { LocalModel } from "../../models/mod.ts";
import { offlineInventory, type OfflineOptions } from "./offline_catalog.ts";
import { removeModel } from "./remove_model.ts";

/** Removes a model's files where no node runs, so that nothing is served from them. @throws as `removeModel` does */
export async function offlineRemove(asked: string, options: OfflineOptions): Promise<LocalModel> {
  const { modelsDir, dataDir } = options;
  const { models } = await offlineInventory(options);
  const folder = modelsDir ?? join(dataDir, "models");
  return await removeModel(asked, { models, folder, isServed: () => false });
}
