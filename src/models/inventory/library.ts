import { basename, dirname, join, resolve as absolute } from "node:path";
import { isProjector } from "../catalog/repository.ts";
import { InvalidGgufError, ModelNotFoundError } from "../base/errors.ts";
import { modelOfName } from "./by_name.ts";
import { GUIDE_NAME, writeGuide } from "./guide_file.ts";
import { findFiles, type FoundFile, together } from "../layouts/found.ts";
import {
  givenProjectors,
  isBelow,
  type LibraryListing,
  listFolders,
  readFiles,
} from "./listing.ts";
import { ListingCache, readModel } from "./listing_cache.ts";
import { loadModel } from "../gguf/local_model.ts";
import {
  atHome,
  findModels,
  type ModelFolder,
  modelFolders,
  type ModelPlaces,
} from "../layouts/model_folders.ts";
import { folderError, notFoundError, urlError } from "./not_found.ts";
import { isProjectorModel, withCompanions } from "../companions/pairing.ts";
import { isGgufName, shardName } from "../base/shards.ts";
import type { LocalModel } from "../base/types.ts";

/** The models on this machine's disk. */
export interface Library {
  /**
   * The model that `--model NAME|ID|PATH` means. Reads no other file; writes the guide on first use.
   * @throws {ModelNotFoundError | SeveralModelsError | InvalidGgufError | InvalidModelNameError | UnusableFileError}
   */
  resolve(nameOrPath: string, signal?: AbortSignal): Promise<LocalModel>;
  /** Everything in the library's folders; a model that lies in two of them once. */
  list(signal?: AbortSignal): Promise<LibraryListing>;
  /** The folders in which it looks, whether they exist or not. */
  readonly folders: readonly string[];
}

export function openLibrary(places: ModelPlaces): Library {
  const folders = modelFolders(places);
  const guideFolder = absolute(places.dataDir, "models");
  const cache = new ListingCache(join(absolute(places.dataDir), "cache", "models.json"));
  return {
    resolve: async (nameOrPath, signal) => {
      if (nameOrPath === GUIDE_NAME) return await loadModel(await writeGuide(guideFolder), signal);
      if (isUrl(nameOrPath)) throw urlError(nameOrPath);
      if (isModelPath(nameOrPath)) {
        return await loadPath(atHome(nameOrPath, places.home), folders, signal);
      }
      return await loadName(nameOrPath, folders, signal);
    },
    list: async (signal) => {
      const { files, ...listing } = await listFolders(folders, cache.read.bind(cache), signal);
      await cache.keep(new Set(files.map(({ path }) => path)));
      return listing;
    },
    folders: folders.map(({ path }) => path),
  };
}

/** Names may hold slashes (`org/model`), so only what can't be a name is a path. */
export function isModelPath(nameOrPath: string): boolean {
  return isGgufName(nameOrPath) || /^[./~]/.test(nameOrPath);
}

export function isUrl(text: string): boolean {
  return text.includes("://") && URL.canParse(text);
}

async function loadPath(path: string, folders: readonly ModelFolder[], signal?: AbortSignal) {
  try {
    return await loadFile(absolute(path), folders, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // A bare file name may also be meant for the folders.
  if (!path.includes("/")) return await loadName(shardName(path).model, folders, signal);
  throw new ModelNotFoundError(path, `Cannot find the model file ${path}; check the path`);
}

async function loadFile(path: string, folders: readonly ModelFolder[], signal?: AbortSignal) {
  const isFolder = await Deno.stat(path).then((info) => info.isDirectory, () => false);
  if (isFolder) throw await folderError(path);
  return await loadWhole({ name: shardName(path).model, path }, folders, signal);
}

/** @throws why no file of the name can be used, or that several of different content can be. */
async function loadName(asked: string, folders: readonly ModelFolder[], signal?: AbortSignal) {
  const found = together(await Promise.all(folders.map(findModels)));
  const load = (file: FoundFile) => loadWhole(file, folders, signal);
  const model = await modelOfName(asked.normalize("NFC"), found, { load, signal });
  if (model !== undefined) return model;
  // A path of several parts looks like a name of several parts.
  const exists = await Deno.stat(asked).then(() => true, () => false);
  if (exists) return await loadFile(absolute(asked), folders, signal);
  const names = found.files.map(({ name }) => name);
  throw notFoundError(asked.normalize("NFC"), folders.map(({ path }) => path), names);
}

/** A model with what lies beside it. */
async function loadWhole(
  file: FoundFile,
  folders: readonly ModelFolder[],
  signal?: AbortSignal,
): Promise<LocalModel> {
  const model = await loadModel(file.path, signal, file.name);
  if (isProjectorModel(model)) {
    const reason = "it reads images or sound for a model and is of no use alone";
    throw new InvalidGgufError(reason, file.path);
  }
  const { files: beside, broken } = await findFiles(dirname(model.path), 0);
  const { projector = null } = file;
  const given = projector === null ? [] : [{ name: basename(projector), path: projector }];
  const read = await readFiles([...beside.filter(mayProject), ...given], readModel, signal);
  const projectors = read.found.map((one) => one.model).filter(isProjectorModel);
  const hollow = new Set(read.hollow.map((one) => one.path));
  const paths = new Set([...projectors, ...read.hollow].map((one) => one.path));
  return withCompanions(model, {
    models: beside.filter((one) => !paths.has(one.path)),
    projectors,
    hollow: read.hollow.filter(isProjectorModel),
    broken: [...broken, ...read.broken.filter(({ path }) => !hollow.has(path))],
    isRepository: isBelow(folders),
    given: givenProjectors([file]),
  });
}

/** Nothing else beside the model is opened. */
function mayProject({ path }: FoundFile): boolean {
  return isProjector(path) || /vision|clip|projector|encoder/i.test(basename(path));
}
