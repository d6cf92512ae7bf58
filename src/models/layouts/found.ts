import { basename } from "node:path";
import { shardName } from "../base/shards.ts";
import { type FolderContents, walk } from "./walk.ts";

/** A model by the names of its files only; nothing of it has been read. */
export interface FoundFile {
  readonly name: string;
  /** The first shard that is there. */
  readonly path: string;
  /** Set if the program that fetched it says so: the projector that belongs to it, or that none does. */
  readonly projector?: string | null;
  /**
   * Set if several versions lie beside each other: the model of which they are versions. The first one that can be used
   * counts.
   */
  readonly versionsOf?: string;
}

/** A file that looks like a model and can't be used. */
export interface BrokenModel extends Pick<FoundFile, "name" | "path" | "versionsOf"> {
  /** A whole sentence. */
  readonly reason: string;
}

export interface FoundModels {
  readonly files: readonly FoundFile[];
  readonly broken: readonly BrokenModel[];
}

/** Models in a folder and below, each once, by name. Files that can't be read are reported, and end nothing. */
export async function findFiles(folder: string, depth: number): Promise<FoundModels> {
  const { files, unusable } = await walk(folder, depth);
  return { files: shardSets(files), broken: unusable.map(brokenFile) };
}

export function together(found: readonly FoundModels[]): FoundModels {
  return {
    files: found.flatMap(({ files }) => files),
    broken: found.flatMap(({ broken }) => broken),
  };
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

function brokenFile({ path, reason }: FolderContents["unusable"][number]): BrokenModel {
  return { name: shardName(basename(path)).model, path, reason: `Cannot use ${path}: ${reason}` };
}
