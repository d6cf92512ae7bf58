import { basename, join } from "node:path";
import { systemWords } from "../../base/system_error.ts";
import { isGgufName } from "../base/shards.ts";

export interface FolderContents {
  /** Files named like models. */
  readonly files: string[];
  /**
   * Files that are named like a model, or folders to search, that can't be read; `reason` completes a sentence that
   * begins with the path.
   */
  readonly unusable: { readonly path: string; readonly reason: string }[];
}

/** Looks for model files in a folder and below. Never fails: files and folders that can't be read are reported. */
export async function walk(folder: string, depth: number): Promise<FolderContents> {
  const contents: FolderContents = { files: [], unusable: [] };
  await new Walk(contents).enter(folder, depth);
  return contents;
}

type Entry =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "unusable"; readonly path: string; readonly reason: string };

class Walk {
  readonly #contents: FolderContents;
  /** Folders that were entered: a link may lead back to one of them. */
  readonly #entered = new Set<string>();

  constructor(contents: FolderContents) {
    this.#contents = contents;
  }

  async enter(folder: string, depth: number): Promise<void> {
    for (const entry of await this.#entriesOf(folder)) {
      if (entry.kind === "folder") await this.#enterBelow(entry.path, depth - 1);
      else if (isGgufName(entry.path) && !isShadow(entry.path)) this.#keep(entry);
    }
  }

  #keep(entry: Exclude<Entry, { kind: "folder" }>): void {
    if (entry.kind === "file") this.#contents.files.push(entry.path);
    else this.#contents.unusable.push(entry);
  }

  async #enterBelow(folder: string, depth: number): Promise<void> {
    const before = this.#contents.files.length;
    if (depth >= 0) await this.enter(folder, depth);
    if (!isGgufName(folder) || this.#contents.files.length > before) return;
    this.#contents.unusable.push({ path: folder, reason: "it is a folder, and no model is in it" });
  }

  async #entriesOf(folder: string): Promise<Entry[]> {
    try {
      const { dev, ino } = await Deno.stat(folder);
      if (this.#entered.has(`${dev} ${ino}`)) return [];
      this.#entered.add(`${dev} ${ino}`);
      const entries = await Array.fromAsync(Deno.readDir(folder));
      return await Promise.all(entries.map((entry) => follow(join(folder, entry.name), entry)));
    } catch (error) {
      const { NotFound, NotADirectory } = Deno.errors;
      if (error instanceof NotFound || error instanceof NotADirectory) return [];
      const reason = `the folder can't be read: ${systemWords(error)}`;
      this.#contents.unusable.push({ path: folder, reason });
      return [];
    }
  }
}

/** The files in which macOS keeps attributes on a disk that has no place for them. */
function isShadow(path: string): boolean {
  return basename(path).startsWith("._");
}

/** Links count as what they lead to; downloaders keep files under their digest and link to them. */
async function follow(path: string, entry: Deno.DirEntry): Promise<Entry> {
  try {
    const { isFile, isDirectory } = entry.isSymlink ? await Deno.stat(path) : entry;
    if (isFile) return { kind: "file", path };
    if (isDirectory) return { kind: "folder", path };
    return { kind: "unusable", path, reason: "it is not a file" };
  } catch (error) {
    return { kind: "unusable", path, reason: linkReason(error) };
  }
}

function linkReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is a link to something that is not there";
  if (error instanceof Deno.errors.FilesystemLoop) return "it is a link that leads back to itself";
  return `its link can't be followed: ${systemWords(error)}`;
}
