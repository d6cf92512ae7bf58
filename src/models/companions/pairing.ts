/** Which files belong to each other: projectors to what they see for, drafts to what they guess for. Pure. */

import { basename, dirname } from "node:path";
import { isProjector } from "../catalog/repository.ts";
import { DRAFT_SIZE_RATIO, VOCABULARY_SLACK } from "../base/defaults.ts";
import type { BrokenModel } from "../layouts/found.ts";
import { PROJECTOR_ARCHITECTURE } from "../gguf/projection.ts";
import { familyOf, nameRelation } from "./projector_names.ts";
import { shardName } from "../base/shards.ts";
import type { LocalModel, UnfitCompanion } from "../base/types.ts";

/** Files that can be of use only beside others. */
export interface Companions {
  readonly models: readonly Pick<LocalModel, "name" | "path">[];
  readonly projectors: readonly LocalModel[];
  /** Headers of models and projectors without any weights. */
  readonly hollow: readonly LocalModel[];
  /** Files that can't be used, by whose names projectors are told. */
  readonly broken: readonly BrokenModel[];
  /** Whether a folder holds what one publisher has put together, and not what a user has collected. */
  readonly isRepository: (folder: string) => boolean;
  /** By `placeOf` a model: the projector that the program which fetched it names, or that there is none. */
  readonly given: ReadonlyMap<string, string | null>;
}

/** One file may be there under several names, and be another model by each. */
export function placeOf({ name, path }: Pick<LocalModel, "name" | "path">): string {
  return `${name} ${path}`;
}

export function isProjectorModel({ header }: LocalModel): boolean {
  return header.architecture === PROJECTOR_ARCHITECTURE;
}

/** The model with the projector that is beside it, and with what only seems to be for it. */
export function withCompanions(model: LocalModel, companions: Companions): LocalModel {
  const { projectors, hollow } = companions;
  const beside = projectors.filter((one) => belongsTo(one, model, companions));
  const able = beside.filter((one) => whyUnfit(one, model) === null);
  const projector = able.toSorted((a, b) => byRelation(a, b, model))[0];
  const unfit: UnfitCompanion[] = [
    ...(able.length > 0 ? [] : beside.map((one) => unfitProjector(one, model))),
    ...(able.length > 0 ? [] : strangers(model, companions)),
    ...hollow.flatMap((one) => hollowFor(one, model, companions)),
    ...(able.length > 0 ? [] : brokenFor(model, companions)),
  ];
  return {
    ...model,
    projector: projector === undefined ? null : {
      path: projector.path,
      sizeBytes: projector.sizeBytes,
      sees: projector.header.projection?.sees ?? false,
    },
    ...(unfit.length === 0 ? {} : { unfit }),
  };
}

/** By its place and its name, as far as the name says anything. */
function belongsTo(projector: LocalModel, model: LocalModel, companions: Companions): boolean {
  const given = companions.given.get(placeOf(model));
  if (given !== undefined) return projector.path === given;
  const folder = dirname(model.path);
  if (dirname(projector.path) !== folder) return false;
  if (relation(projector, model) !== "other") return true;
  // Some publishers give the two names of different models, which are made of each other.
  const families = new Set(
    companions.models.filter(({ path }) => dirname(path) === folder)
      .map(({ name }) => familyOf(name)),
  );
  return families.size === 1 && companions.isRepository(folder);
}

/** Projectors for whose name no model is there: the user has renamed one of the two. */
function strangers(
  model: LocalModel,
  { models, projectors, given }: Companions,
): UnfitCompanion[] {
  if (given.has(placeOf(model))) return [];
  const inFolder = ({ path }: Pick<LocalModel, "path">) => dirname(path) === dirname(model.path);
  const beside = models.filter(inFolder);
  const unpaired = projectors.filter(inFolder)
    .filter((one) => beside.every((other) => relation(one, other) === "other"))
    .filter((one) => whyUnfit(one, model) === null);
  return unpaired.map(({ path }) => ({
    kind: "projector",
    path,
    reason: `its name says that it is for another model; if it is for this one, name it ` +
      `mmproj-${model.name}.gguf`,
  }));
}

function hollowFor(
  file: LocalModel,
  model: LocalModel,
  companions: Companions,
): UnfitCompanion[] {
  const { path } = file;
  const reason = "it holds no weights";
  if (isProjectorModel(file)) {
    return belongsTo(file, model, companions) ? [{ kind: "projector", path, reason }] : [];
  }
  const mayDraft = model.header.expertCount === 0 && canDraftFor(file, model);
  return mayDraft ? [{ kind: "draft", path, reason }] : [];
}

function brokenFor(model: LocalModel, { broken, given }: Companions): UnfitCompanion[] {
  const isMeant = ({ path }: BrokenModel) =>
    given.has(placeOf(model))
      ? given.get(placeOf(model)) === path
      : isProjector(path) && dirname(path) === dirname(model.path) &&
        relation({ path }, model) !== "other";
  return broken.filter(isMeant).map(({ path, reason }) => ({
    kind: "projector",
    path,
    reason: reason.slice(reason.indexOf(`${path}: `) + path.length + 2),
  }));
}

function unfitProjector(projector: LocalModel, model: LocalModel): UnfitCompanion {
  return { kind: "projector", path: projector.path, reason: whyUnfit(projector, model) ?? "" };
}

/** llama.cpp compares the widths, and refuses the model with the projector. */
function whyUnfit({ header }: LocalModel, model: LocalModel): string | null {
  const widths = header.projection?.widths ?? [];
  const { embeddingLength } = model.header;
  if (widths.length === 0 || embeddingLength === 0 || widths.includes(embeddingLength)) return null;
  return `it is made for a model of width ${widths[0]}, and ${model.name} has ${embeddingLength}`;
}

/** Named alike before unnamed before the rest, eyes before ears alone, the smallest first. */
function byRelation(a: LocalModel, b: LocalModel, model: LocalModel): number {
  const rank = (one: LocalModel) => RELATIONS.indexOf(relation(one, model));
  const blind = (one: LocalModel) => Number(one.header.projection?.sees !== true);
  return rank(a) - rank(b) || blind(a) - blind(b) || a.sizeBytes - b.sizeBytes;
}

const RELATIONS = ["alike", "unnamed", "other"] as const;

function relation(projector: Pick<LocalModel, "path">, model: Pick<LocalModel, "name">) {
  return nameRelation(shardName(basename(projector.path)).model, model.name);
}

/** Models that never write one token after the other, or only together with the model that they were made for. */
const NO_DRAFT =
  /^(bert|.*-bert.*|nomic-bert.*|modern-bert|t5.*|clip|dream|llada.*|rnd1|wavtokenizer.*|eagle3|dflash|dspark|.*-embedding|.*-assistant)$/;

/**
 * Why one does not guess tokens that the other can check, by the rules of llama.cpp's `common/speculative.cpp`; `null` where
 * it does. Completes a sentence that begins with the draft.
 */
export function whyNoDraft(draft: LocalModel, model: LocalModel): string | null {
  const [a, b] = [draft.header, model.header];
  if (a.pooling !== null || NO_DRAFT.test(a.architecture)) {
    return `it does not write text by itself (architecture ${a.architecture})`;
  }
  const isAlike = a.tokenizer !== null && b.tokenizer !== null &&
    a.tokenizer.model === b.tokenizer.model && a.tokenizer.pre === b.tokenizer.pre &&
    a.tokenizer.digest === b.tokenizer.digest &&
    Math.abs(a.vocabularySize - b.vocabularySize) <= VOCABULARY_SLACK;
  return isAlike ? null : "it has another vocabulary";
}

export function canDraftFor(draft: LocalModel, model: LocalModel): boolean {
  return whyNoDraft(draft, model) === null;
}

/**
 * The drafts for a model among those on this disk, the smallest first: those that are a fraction of it. A mixture of
 * experts computes so little for each token that guesses do not pay.
 */
export function draftsFor(model: LocalModel, models: readonly LocalModel[]): LocalModel[] {
  if (model.header.expertCount > 0) return [];
  return models
    .filter((draft) =>
      draft.sizeBytes * DRAFT_SIZE_RATIO <= model.sizeBytes && canDraftFor(draft, model)
    )
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes || (a.name < b.name ? -1 : 1));
}
