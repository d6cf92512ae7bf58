import { resolve } from "node:path";
import { HUB_CACHE_DEPTH, SEARCH_DEPTH } from "./defaults.ts";
import { basename } from "node:path";
import { type FolderContents, walk } from "./folder_walk.ts";
import { shardName } from "./shards.ts";

/** Where the places are that models lie in. */
export interface ModelPlaces {
  /** `--models-dir` */
  readonly modelsDir: string | null;
  readonly dataDir: string;
  /** The user's home, where there is one. */
  readonly home: string | null;
}

/** A folder that is searched, with those below it. */
export interface ModelFolder {
  readonly path: string;
  readonly depth: number;
}

/** Our own, and those of the tools that people have models from already. */
const HOME_FOLDERS: readonly (readonly [path: string, depth: number])[] = [
  [".models", SEARCH_DEPTH],
  [".cache/huggingface/hub", HUB_CACHE_DEPTH],
  [".lmstudio/models", SEARCH_DEPTH],
  [".cache/lm-studio/models", SEARCH_DEPTH],
];

/** Folders that are searched, in the order in which they win. */
export function modelFolders({ modelsDir, dataDir, home }: ModelPlaces): ModelFolder[] {
  const own = [...(modelsDir === null ? [] : [resolve(modelsDir)]), resolve(dataDir, "models")];
  const folders = [
    ...own.map((path) => ({ path, depth: SEARCH_DEPTH })),
    ...(home === null
      ? []
      : HOME_FOLDERS.map(([path, depth]) => ({ path: resolve(home, path), depth }))),
  ];
  return [...new Map(folders.toReversed().map((folder) => [folder.path, folder])).values()]
    .reverse();
}

/** A model by its file's name only; nothing of it has been read. */
export interface FoundFile {
  readonly name: string;
  /** The first shard that is there. */
  readonly path: string;
}

/** A file that looks like a model and can't be used. */
export interface BrokenModel extends FoundFile {
  /** A whole sentence. */
  readonly reason: string;
}

export interface FoundModels {
  readonly files: readonly FoundFile[];
  readonly broken: readonly BrokenModel[];
}

/** Models in a folder and below, each once, by name. Whatever can't be read there is told of, and ends nothing. */
export async function findModels(folder: ModelFolder): Promise<FoundModels> {
  const { files, unusable } = await walk(folder.path, folder.depth);
  return { files: shardSets(files), broken: unusable.map(brokenModel) };
}

function shardSets(paths: readonly string[]): FoundFile[] {
  const sets = new Map<string, FoundFile>();
  for (const path of paths.toSorted()) {
    const { model, count } = shardName(path);
    const set = path.replace(/-\d{5}-of-\d{5}\.gguf$/, `-of-${count}`);
    if (!sets.has(set)) sets.set(set, { name: model, path });
  }
  return [...sets.values()];
}

function brokenModel({ path, reason }: FolderContents["unusable"][number]): BrokenModel {
  return { name: shardName(basename(path)).model, path, reason: `Cannot use ${path}: ${reason}` };
}
