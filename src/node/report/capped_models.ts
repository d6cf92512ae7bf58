/** Models that were given a longer context than they were trained for. Pure. */

import { ModelIds } from "../../base/model_ids.ts";
import { cappedNote, type LocalModel } from "../../models/mod.ts";
import type { ModelRef } from "../../mesh/mod.ts";
import type { SettingsOf } from "../plan/model_settings.ts";
import { sameModel } from "../plan/view.ts";

export interface CappedModel {
  /** Its id among the models on this disk. */
  readonly model: string;
  /** Both numbers, in a sentence. */
  readonly note: string;
  readonly trained: number;
}

export interface CappedModelsInput {
  readonly onDisk: readonly LocalModel[];
  /** Those that this node hosts now. */
  readonly hosted: readonly ModelRef[];
  readonly settingsOf: SettingsOf;
  /** As `--ctx` says it of all models; `null` without it. */
  readonly commonContext: number | null;
}

/** `--ctx` matters for the models that are hosted here; a setting of one model always does. */
export function cappedModels(
  { onDisk, hosted, settingsOf, commonContext }: CappedModelsInput,
): CappedModel[] {
  const ids = new ModelIds(onDisk);
  return onDisk.flatMap((file) => {
    const settings = settingsOf(file);
    const matters = settings.contextLength !== commonContext ||
      hosted.some((model) => sameModel(model, file));
    const note = matters ? cappedNote(file, settings) : null;
    const trained = file.header.contextLength;
    return note === null ? [] : [{ model: ids.idOf(file), note, trained }];
  });
}
