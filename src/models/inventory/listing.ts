import { sep as SEPARATOR } from "node:path";
import { PARALLEL_READS } from "../base/defaults.ts";
import { type BrokenModel, type FoundFile, together } from "../layouts/found.ts";
import type { ReadModel } from "./listing_cache.ts";
import { findModels, type ModelFolder } from "../layouts/model_folders.ts";
import { isProjectorModel, placeOf, withCompanions } from "../companions/pairing.ts";
import type { LocalModel } from "../base/types.ts";

export interface LibraryListing {
  readonly models: readonly LocalModel[];
  readonly broken: readonly BrokenModel[];
}

/** Reads the model in a file. @throws the signal's reason only */
export type ModelReader = (file: FoundFile, signal?: AbortSignal) => Promise<ReadModel>;

/** A model and the file that it was read from. */
export interface FoundModel {
  readonly file: FoundFile;
  readonly model: LocalModel;
}

export interface ReadFiles {
  readonly found: readonly FoundModel[];
  readonly hollow: readonly LocalModel[];
  readonly broken: readonly BrokenModel[];
}

/** Everything that lies in the folders; `files` are those that were looked at. */
export async function listFolders(
  folders: readonly ModelFolder[],
  read: ModelReader,
  signal?: AbortSignal,
): Promise<LibraryListing & { readonly files: readonly FoundFile[] }> {
  const { files, broken: unusable } = together(await Promise.all(folders.map(findModels)));
  const { found, hollow, broken } = currentVersions(await readFiles(files, read, signal), unusable);
  const models = found.map(({ model }) => model).filter((one) => !isProjectorModel(one));
  const companions = {
    models,
    projectors: found.map(({ model }) => model).filter(isProjectorModel),
    hollow,
    broken: broken.filter(({ path }) => !hollow.some((one) => one.path === path)),
    isRepository: isBelow(folders),
    given: givenProjectors(files),
  };
  return {
    files,
    models: firstOfEach(models).map((one) => withCompanions(one, companions)),
    broken: broken.map((one) => withSubstitute(one, models)),
  };
}

export async function readFiles(
  files: readonly FoundFile[],
  read: ModelReader,
  signal?: AbortSignal,
): Promise<ReadFiles> {
  const found: FoundModel[] = [];
  const hollow: LocalModel[] = [];
  const broken: BrokenModel[] = [];
  for (let start = 0; start < files.length; start += PARALLEL_READS) {
    signal?.throwIfAborted();
    const batch = files.slice(start, start + PARALLEL_READS);
    const results = await Promise.all(
      batch.map(async (file) => ({ file, result: await read(file, signal) })),
    );
    for (const { file, result } of results) {
      if ("model" in result) found.push({ file, model: result.model });
      else broken.push({ ...file, reason: withName(file, result.reason) });
      if ("hollow" in result) hollow.push(result.hollow);
    }
  }
  return { found, hollow, broken };
}

/** A digest for a file's name tells nobody which model it is. */
function withName({ name, path }: FoundFile, reason: string): string {
  return path.includes(name) ? reason : `${name}: ${reason}`;
}

/** Of several versions of a file the first that can be used, and no word of the others. */
function currentVersions(
  { found, hollow, broken }: ReadFiles,
  unusable: readonly BrokenModel[],
): ReadFiles {
  const versionOf = ({ versionsOf, name }: Pick<FoundFile, "versionsOf" | "name">) =>
    versionsOf === undefined ? undefined : `${versionsOf} ${name}`;
  const first = new Map(found.toReversed().map((one) => [versionOf(one.file), one]));
  const isFirst = (one: FoundModel) =>
    one.file.versionsOf === undefined || first.get(versionOf(one.file)) === one;
  const hasNone = (one: BrokenModel) => one.versionsOf === undefined || !first.has(versionOf(one));
  return {
    found: found.filter(isFirst),
    hollow,
    broken: [...unusable, ...broken].filter(hasNone),
  };
}

/** A model that lies in two folders is listed once, where the first of them has it. */
function firstOfEach(models: readonly LocalModel[]): LocalModel[] {
  const byContent = new Map<string, LocalModel>();
  for (const model of models) {
    const key = `${model.fingerprint} ${model.name}`;
    if (!byContent.has(key)) byContent.set(key, model);
  }
  return [...byContent.values()];
}

/** The model that is used in its place, if there is one. */
function withSubstitute(broken: BrokenModel, models: readonly LocalModel[]): BrokenModel {
  const other = models.find(({ name }) => name === broken.name);
  if (other === undefined) return broken;
  return { ...broken, reason: `${broken.reason}. ${other.path} is used in its place` };
}

/** Downloaders make a folder for each repository; what lies in a searched folder itself was put there by hand. */
export function isBelow(folders: readonly ModelFolder[]): (folder: string) => boolean {
  return (folder) => folders.some(({ path }) => folder.startsWith(path + SEPARATOR));
}

/** The knowledge of other programs about their files. */
export function givenProjectors(files: readonly FoundFile[]): ReadonlyMap<string, string | null> {
  return new Map(
    files.flatMap((file) => file.projector === undefined ? [] : [[placeOf(file), file.projector]]),
  );
}
