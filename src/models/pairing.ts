/** Which files belong to each other: projectors to what they see for, drafts to what they guess for. Pure. */

import { basename, dirname } from "node:path";
import { DRAFT_SIZE_RATIO, VOCABULARY_SLACK } from "./defaults.ts";
import { shardName } from "./shards.ts";
import type { LocalModel } from "./types.ts";

/** Projectors are GGUF files of this architecture. */
const PROJECTOR_ARCHITECTURE = "clip";

export function isProjectorModel({ header }: LocalModel): boolean {
  return header.architecture === PROJECTOR_ARCHITECTURE;
}

/**
 * The projector for a model: beside it, of its width, and by its name the only one that can be meant.
 * Of several for one model the smallest.
 */
export function projectorFor(
  model: LocalModel,
  projectors: readonly LocalModel[],
): LocalModel | undefined {
  const beside = projectors.filter(({ path, header }) =>
    dirname(path) === dirname(model.path) &&
    (header.projectionLength ?? model.header.embeddingLength) === model.header.embeddingLength
  );
  const named = beside.filter(({ path }) => isNamedAlike(path, model.name));
  const unnamed = beside.filter(({ path }) => familyOf(path) === "");
  return [...named, ...unnamed].toSorted((a, b) =>
    Number(unnamed.includes(a)) - Number(unnamed.includes(b)) || a.sizeBytes - b.sizeBytes
  )[0];
}

function isNamedAlike(path: string, model: string): boolean {
  const family = familyOf(path);
  return family !== "" && model.toLowerCase().startsWith(family);
}

/** `mmproj-Qwen2.5-VL-7B-Instruct-Q8_0.gguf` -> `qwen2.5-vl-7b-instruct`; `mmproj-model-f16.gguf` -> nothing. */
function familyOf(path: string): string {
  return shardName(basename(path)).model.toLowerCase()
    .replace(/[-_.]?mmproj[-_.]?/, "")
    .replace(/(^|[-_.])(model|b?f16|f32|q8_0|q4_k_m)(?=$|[-_.])/g, "")
    .replace(/[-_.]+$/, "");
}

/** Whether one guesses tokens that the other can check: the rules of llama.cpp's `common/speculative.cpp`. */
export function canDraftFor(draft: LocalModel, model: LocalModel): boolean {
  const [a, b] = [draft.header, model.header];
  return a.tokenizer !== null && b.tokenizer !== null &&
    a.tokenizer.model === b.tokenizer.model && a.tokenizer.pre === b.tokenizer.pre &&
    a.tokenizer.digest === b.tokenizer.digest &&
    Math.abs(a.vocabularySize - b.vocabularySize) <= VOCABULARY_SLACK &&
    a.pooling === null;
}

/**
 * The draft for a model among those on this disk: the smallest that is a fraction of it. A mixture of
 * experts computes so little for each token that guesses do not pay.
 */
export function draftFor(
  model: LocalModel,
  models: readonly LocalModel[],
): LocalModel | undefined {
  if (model.header.expertCount > 0) return undefined;
  return models
    .filter((draft) =>
      draft.sizeBytes * DRAFT_SIZE_RATIO <= model.sizeBytes && canDraftFor(draft, model)
    )
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes || (a.name < b.name ? -1 : 1))[0];
}
