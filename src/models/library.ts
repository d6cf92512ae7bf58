import { basename, dirname, join, resolve as absolute, sep as SEPARATOR } from "node:path";
import { isProjector } from "./catalog/repository.ts";
import { PARALLEL_READS } from "./defaults.ts";
import { InvalidGgufError, ModelNotFoundError, UnusableFileError } from "./errors.ts";
import { GUIDE_NAME, writeGuide } from "./guide_file.ts";
import { loadModel } from "./local_model.ts";
import { ListingCache, readModel } from "./listing_cache.ts";
import {
  type BrokenModel,
  findModels,
  type FoundFile,
  type ModelFolder,
  modelFolders,
  type ModelPlaces,
} from "./model_folders.ts";
import { isProjectorModel, withCompanions } from "./pairing.ts";
import { isGgufName, shardName } from "./shards.ts";
import type { LocalModel } from "./types.ts";

export interface LibraryListing {
  readonly models: readonly LocalModel[];
  readonly broken: readonly BrokenModel[];
}

/** The models on this machine's disk. */
export interface Library {
  /**
   * The model that `--model NAME|PATH` means. Reads no other file; writes the guide on first use.
   * @throws {ModelNotFoundError | InvalidGgufError | InvalidModelNameError}
   */
  resolve(nameOrPath: string, signal?: AbortSignal): Promise<LocalModel>;
  /** Everything in the library's folders; a model that lies in two of them once. */
  list(signal?: AbortSignal): Promise<LibraryListing>;
  /** Where it looks, whether they exist or not. */
  readonly folders: readonly string[];
}

export function openLibrary(places: ModelPlaces): Library {
  const folders = modelFolders(places);
  const guideFolder = absolute(places.dataDir, "models");
  const cache = new ListingCache(join(absolute(places.dataDir), "cache", "models.json"));
  return {
    resolve: async (nameOrPath, signal) => {
      if (nameOrPath === GUIDE_NAME) return await loadModel(await writeGuide(guideFolder), signal);
      if (isModelPath(nameOrPath)) return await loadPath(nameOrPath, folders, signal);
      return await loadName(nameOrPath, folders, signal);
    },
    list: (signal) => list(folders, cache, signal),
    folders: folders.map(({ path }) => path),
  };
}

/** Names may hold slashes (`org/model`), so only what can't be a name is a path. */
export function isModelPath(nameOrPath: string): boolean {
  return isGgufName(nameOrPath) || /^[./~]/.test(nameOrPath);
}

async function loadPath(path: string, folders: readonly ModelFolder[], signal?: AbortSignal) {
  try {
    return await loadWhole(absolute(path), folders, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // A bare file name may also be meant for the folders.
  if (!path.includes("/")) return await loadName(shardName(path).model, folders, signal);
  throw new ModelNotFoundError(path, `Cannot find the model file ${path}; check the path`);
}

/** The first that can be used: half a copy hides no whole one. @throws why the first one can't, where none can */
async function loadName(name: string, folders: readonly ModelFolder[], signal?: AbortSignal) {
  const others: string[] = [];
  let failure: unknown;
  for (const folder of folders) {
    const { files, broken } = await findModels(folder);
    for (const file of files.filter((candidate) => candidate.name === name)) {
      try {
        return await loadWhole(file.path, folders, signal);
      } catch (error) {
        signal?.throwIfAborted();
        failure ??= error;
      }
    }
    const unusable = broken.find((candidate) => candidate.name === name);
    if (unusable !== undefined) failure ??= new UnusableFileError(unusable.reason);
    others.push(...files.map((candidate) => candidate.name));
  }
  throw failure ?? notFound(name, folders.map(({ path }) => path), others);
}

function notFound(name: string, folders: readonly string[], others: readonly string[]) {
  const there = [...new Set(others)].sort();
  const known = there.length === 0 ? "No model is there" : `Found there: ${there.join(", ")}`;
  return new ModelNotFoundError(
    name,
    `Cannot find the model ${name}: no ${name}.gguf in ${folders.join(" or ")}. ${known}. ` +
      `Put the file into one of these folders, name it by its path, or use the built-in ${GUIDE_NAME}`,
  );
}

async function list(
  folders: readonly ModelFolder[],
  cache: ListingCache,
  signal?: AbortSignal,
): Promise<LibraryListing> {
  const searched = await Promise.all(folders.map(findModels));
  const files = searched.flatMap(({ files }) => files);
  const { found, hollow, broken } = await readAll(files, cache, signal);
  await cache.keep(new Set(files.map(({ path }) => path)));
  const models = found.filter((model) => !isProjectorModel(model));
  const projectors = found.filter(isProjectorModel);
  const companions = { models, projectors, hollow, isRepository: isBelow(folders) };
  const unusable = [...searched.flatMap(({ broken }) => broken), ...broken];
  return {
    models: firstOfEach(models).map((one) => withCompanions(one, companions)),
    broken: unusable.map((one) => withSubstitute(one, models)),
  };
}

/** What is used in its place, where something is. */
function withSubstitute(broken: BrokenModel, models: readonly LocalModel[]): BrokenModel {
  const other = models.find(({ name }) => name === broken.name);
  if (other === undefined) return broken;
  return { ...broken, reason: `${broken.reason}. ${other.path} is used in its place` };
}

async function readAll(
  files: readonly FoundFile[],
  cache: Pick<ListingCache, "read">,
  signal?: AbortSignal,
) {
  const found: LocalModel[] = [];
  const hollow: LocalModel[] = [];
  const broken: BrokenModel[] = [];
  for (let start = 0; start < files.length; start += PARALLEL_READS) {
    signal?.throwIfAborted();
    const batch = files.slice(start, start + PARALLEL_READS);
    const reads = await Promise.all(batch.map((file) => cache.read(file, signal)));
    for (const [index, read] of reads.entries()) {
      if ("model" in read) found.push(read.model);
      else broken.push({ ...batch[index]!, reason: read.reason });
      if ("hollow" in read) hollow.push(read.hollow);
    }
  }
  return { found, hollow, broken };
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

/** Downloaders make a folder for each repository; what lies in a searched folder itself was put there by hand. */
function isBelow(folders: readonly ModelFolder[]): (folder: string) => boolean {
  return (folder) => folders.some(({ path }) => folder.startsWith(path + SEPARATOR));
}

/** A model that is named by its path has its projector beside it too. */
async function loadWhole(
  path: string,
  folders: readonly ModelFolder[],
  signal?: AbortSignal,
): Promise<LocalModel> {
  const model = await loadModel(path, signal);
  if (isProjectorModel(model)) {
    throw new InvalidGgufError("it reads images or sound for a model and is of no use alone", path);
  }
  const { files: beside } = await findModels({ path: dirname(model.path), depth: 0 });
  const { found, hollow } = await readAll(beside.filter(mayProject), UNCACHED, signal);
  const projectors = found.filter(isProjectorModel);
  const paths = new Set([...projectors, ...hollow].map((one) => one.path));
  return withCompanions(model, {
    models: beside.filter((file) => !paths.has(file.path)),
    projectors,
    hollow: hollow.filter(isProjectorModel),
    isRepository: isBelow(folders),
  });
}

/** Nothing else beside the model is opened. */
function mayProject({ path }: FoundFile): boolean {
  return isProjector(path) || /vision|clip|projector|encoder/i.test(basename(path));
}

const UNCACHED: Pick<ListingCache, "read"> = {
  read: ({ path }, signal) => readModel(path, signal),
};
