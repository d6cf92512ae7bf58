import { join, resolve } from "node:path";
import { HUB_CACHE_DEPTH, SEARCH_DEPTH } from "./defaults.ts";
import { isGgufName, shardName } from "./shards.ts";

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

/** Models in a folder and below, each once, by name. A folder that can't be read holds none. */
export async function findModels({ path: folder, depth }: ModelFolder): Promise<FoundFile[]> {
  const paths = await ggufPaths(folder, depth);
  const shardSets = new Map<string, FoundFile>();
  for (const path of paths.sort()) {
    const { model, count } = shardName(path);
    const set = path.replace(/-\d{5}-of-\d{5}\.gguf$/, `-of-${count}`);
    if (!shardSets.has(set)) shardSets.set(set, { name: model, path });
  }
  return [...shardSets.values()];
}

async function ggufPaths(folder: string, depth: number): Promise<string[]> {
  const paths: string[] = [];
  for (const { path, kind } of await entriesOf(folder)) {
    if (kind === "file" && isGgufName(path)) paths.push(path);
    if (kind === "folder" && depth > 0) paths.push(...await ggufPaths(path, depth - 1));
  }
  return paths;
}

interface Entry {
  readonly path: string;
  readonly kind: "file" | "folder" | "other";
}

async function entriesOf(folder: string): Promise<Entry[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return await Promise.all(entries.map((entry) => follow(join(folder, entry.name), entry)));
  } catch (error) {
    if (isUnreadable(error)) return [];
    throw error;
  }
}

type Kinds = Pick<Deno.DirEntry, "isFile" | "isDirectory" | "isSymlink">;

/** Links count as what they lead to; downloaders keep files under their digest and link to them. */
async function follow(path: string, entry: Kinds): Promise<Entry> {
  const target: Kinds | null = entry.isSymlink ? await Deno.stat(path).catch(() => null) : entry;
  const kind = target?.isFile ? "file" : target?.isDirectory ? "folder" : "other";
  return { path, kind };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.PermissionDenied;
}
