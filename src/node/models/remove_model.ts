import { dirname, join, relative } from "node:path";
import { ModelRefusedError } from "../../api/mod.ts";
import { systemWords } from "../../base/system_error.ts";
import { ModelIds } from "../../base/model_ids.ts";
import { unlessMissing } from "../../base/unless_missing.ts";
import { GUIDE_NAME, type LocalModel } from "../../models/mod.ts";

export interface RemoveModelOptions {
  readonly models: readonly LocalModel[];
  /** The folder for downloads: nothing outside of it is removed. */
  readonly folder: string;
  /** This node serves it, works for it, or is about to. */
  readonly isServed: (model: LocalModel) => boolean;
}

/**
 * Removes the files of a model from this machine's folder for models.
 * @param asked its name or id
 * @throws {ModelRefusedError} where it is not there, is served, lies elsewhere, or is the guide
 */
export async function removeModel(asked: string, options: RemoveModelOptions): Promise<LocalModel> {
  const { models, folder, isServed } = options;
  const model = modelToRemove(asked, models);
  if (isServed(model)) {
    throw refusal(
      `${asked} is served here: \`mesh-llm drop ${asked}\` ends that, and then it can be removed`,
    );
  }
  if (model.path === join(folder, `${GUIDE_NAME}.gguf`)) {
    throw refusal(
      `${asked} comes with mesh-llm, which would write its file again: it is left alone`,
    );
  }
  const files = filesOf(model, models);
  for (const path of files) await checkPlace(path, folder);
  for (const path of files) {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw refusal(`Could not remove ${path}: ${systemWords(error)}`);
    }
  }
  await removeEmpty(dirname(model.path), folder);
  return model;
}

function modelToRemove(asked: string, models: readonly LocalModel[]): LocalModel {
  const ids = new ModelIds(models);
  const meant = ids.only(asked);
  const found = models.find((model) =>
    model.name === meant?.name && model.fingerprint === meant.fingerprint
  );
  if (found !== undefined) return found;
  const several = ids.ofName(asked).map((model) => ids.idOf(model));
  throw new ModelRefusedError(
    "unknown",
    several.length === 0
      ? `There is no model ${asked} on this machine's disk`
      : `${asked} may be one of several models on this machine's disk: name one of them, ${
        several.join(", ")
      }`,
  );
}

/** All shards, and the projector unless another model needs it too. */
function filesOf(model: LocalModel, models: readonly LocalModel[]): readonly string[] {
  const { shards, projector } = model;
  const isShared = models.some((one) => one !== model && one.projector?.path === projector?.path);
  return projector === null || isShared ? shards : [...shards, projector.path];
}

/** A link may lead anywhere, so that a file is removed only where its path is what it seems. */
async function checkPlace(path: string, folder: string): Promise<void> {
  const [real, root] = await Promise.all(
    [path, folder].map((one) => unlessMissing(Deno.realPath(one))),
  );
  // Somebody else has removed it.
  if (!real) return;
  const way = root ? relative(root, real) : "..";
  const isInside = way !== "" && !way.startsWith("..") && way === relative(folder, path);
  if (isInside) return;
  throw refusal(
    `${path} does not lie in the models folder of this node (${folder}), or by a link: it is left alone`,
  );
}

/** The folders of its repository, as far as nothing else lies in them. */
async function removeEmpty(folder: string, root: string): Promise<void> {
  for (let at = folder; at !== root && at.startsWith(join(root, "/")); at = dirname(at)) {
    const isRemoved = await Deno.remove(at).then(() => true, () => false);
    if (!isRemoved) return;
  }
}

function refusal(message: string): ModelRefusedError {
  return new ModelRefusedError("conflict", message);
}
