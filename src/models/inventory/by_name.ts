import { isNamed, isSameContent, ModelIds, nameIn } from "../../base/model_ids.ts";
import { SeveralModelsError, UnusableFileError } from "../base/errors.ts";
import type { LocalModel } from "../base/types.ts";
import type { FoundFile, FoundModels } from "../layouts/found.ts";

export interface ByNameOptions {
  /** @throws why the file can't be used */
  readonly load: (file: FoundFile) => Promise<LocalModel>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The model that an id or a name means among files: half a copy hides no whole one, and copies of one content are one
 * model. `undefined` where no file has the name.
 * @throws {SeveralModelsError} where models of different content have the name, or why the first of its files can't be used
 */
export async function modelOfName(
  asked: string,
  { files, broken }: FoundModels,
  options: ByNameOptions,
): Promise<LocalModel | undefined> {
  const name = nameIn(asked);
  if (name !== asked) {
    const named = files.filter((file) => file.name === name);
    const { models } = await loadEach(named, options);
    const meant = models.filter((model) => isNamed(asked, model));
    if (meant.length > 0) return only(asked, meant);
  }
  for (const candidate of [asked, `${asked}:latest`]) {
    const { models, failure } = await loadEach(
      files.filter((file) => file.name === candidate),
      options,
    );
    if (models.length > 0) return only(candidate, models);
    if (failure !== undefined) throw failure;
    const unusable = broken.find((one) => one.name === candidate);
    if (unusable !== undefined) throw new UnusableFileError(unusable.reason);
  }
  return undefined;
}

/** Each content once, where the first of its files lies. */
async function loadEach(
  files: readonly FoundFile[],
  { load, signal }: ByNameOptions,
): Promise<{ readonly models: readonly LocalModel[]; readonly failure: unknown }> {
  const models: LocalModel[] = [];
  const versions = new Set<string>();
  let failure: unknown;
  for (const file of files) {
    if (file.versionsOf !== undefined && versions.has(file.versionsOf)) continue;
    try {
      const model = await load(file);
      if (file.versionsOf !== undefined) versions.add(file.versionsOf);
      if (!models.some((one) => isSameContent(one, model))) models.push(model);
    } catch (error) {
      signal?.throwIfAborted();
      failure ??= error;
    }
  }
  return { models, failure };
}

function only(asked: string, models: readonly LocalModel[]): LocalModel | undefined {
  const [model, ...others] = models;
  if (others.length === 0) return model;
  const ids = new ModelIds(models);
  throw new SeveralModelsError(asked, models.map((one) => `${ids.idOf(one)} (${one.path})`));
}
