import { resolve as absolute } from "node:path";
import { PARALLEL_READS } from "./defaults.ts";
import { InvalidGgufError, InvalidModelNameError, ModelNotFoundError } from "./errors.ts";
import { GUIDE_NAME, writeGuide } from "./guide_file.ts";
import { loadModel } from "./local_model.ts";
import { findModels, type FoundFile, modelFolders, type ModelPlaces } from "./model_folders.ts";
import { isGgufName, shardName } from "./shards.ts";
import type { LocalModel } from "./types.ts";

/** A file that looks like a model and can't be used. */
export interface BrokenModel {
  readonly name: string;
  readonly path: string;
  /** A whole sentence. */
  readonly reason: string;
}

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
}

export function openLibrary(places: ModelPlaces): Library {
  const folders = modelFolders(places);
  const guideFolder = absolute(places.dataDir, "models");
  return {
    resolve: async (nameOrPath, signal) => {
      if (nameOrPath === GUIDE_NAME) return await loadModel(await writeGuide(guideFolder), signal);
      if (isModelPath(nameOrPath)) return await loadPath(nameOrPath, folders, signal);
      return await loadName(nameOrPath, folders, signal);
    },
    list: (signal) => list(folders, signal),
  };
}

/** Names may hold slashes (`org/model`), so only what can't be a name is a path. */
export function isModelPath(nameOrPath: string): boolean {
  return isGgufName(nameOrPath) || /^[./~]/.test(nameOrPath);
}

async function loadPath(path: string, folders: readonly string[], signal?: AbortSignal) {
  try {
    return await loadModel(absolute(path), signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // A bare file name may also be meant for the folders.
  if (!path.includes("/")) return await loadName(shardName(path).model, folders, signal);
  throw new ModelNotFoundError(path, `Cannot find the model file ${path}; check the path`);
}

async function loadName(name: string, folders: readonly string[], signal?: AbortSignal) {
  const others: string[] = [];
  for (const folder of folders) {
    const found = await findModels(folder);
    const file = found.find((candidate) => candidate.name === name);
    if (file !== undefined) return await loadModel(file.path, signal);
    others.push(...found.map((candidate) => candidate.name));
  }
  throw notFound(name, folders, others);
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

async function list(folders: readonly string[], signal?: AbortSignal): Promise<LibraryListing> {
  const models = new Map<string, LocalModel>();
  const broken: BrokenModel[] = [];
  const files = (await Promise.all(folders.map(findModels))).flat();
  for (let start = 0; start < files.length; start += PARALLEL_READS) {
    const batch = files.slice(start, start + PARALLEL_READS);
    for (const read of await Promise.all(batch.map((file) => tryLoad(file, signal)))) {
      if ("reason" in read) broken.push(read);
      // The first folder wins.
      else if (!models.has(keyOf(read))) models.set(keyOf(read), read);
    }
  }
  return { models: [...models.values()], broken };
}

function keyOf({ name, fingerprint }: LocalModel): string {
  return `${fingerprint} ${name}`;
}

async function tryLoad(file: FoundFile, signal?: AbortSignal): Promise<LocalModel | BrokenModel> {
  try {
    return await loadModel(file.path, signal);
  } catch (error) {
    const expected = error instanceof InvalidGgufError || error instanceof InvalidModelNameError;
    if (expected) return { ...file, reason: error.message };
    // Gone or locked since the folder was read.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return { ...file, reason: `Cannot read ${file.path}: ${error.message}` };
    }
    throw error;
  }
}
