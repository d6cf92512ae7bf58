import { CATALOG, leastBytes } from "../../models/mod.ts";
import type { Downloadable } from "./assignment/assignments.ts";
import type { SettingsOf } from "./model_settings.ts";

/** The models that a node may download because the mesh wants them, with the memory that each takes at its context. */
export function downloadables(settingsOf: SettingsOf): Downloadable[] {
  return CATALOG.map(({ name, sizeBytes }) => {
    return {
      name,
      sizeBytes,
      needBytes: leastBytes({ sizeBytes }, settingsOf({ name })),
    };
  });
}
