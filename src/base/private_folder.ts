/** A folder that nobody else may look into, with what lies there. */

import { dirname, join, resolve } from "node:path";
import { ForeignFileError, isForeign, OTHERS, othersMayWrite } from "./own_files.ts";

export interface PrivateFolderOptions {
  /** Whether something of this name is made by this program. */
  readonly isOurs: (name: string) => boolean;
  /** Of those, folders with folders in them. */
  readonly nested: readonly string[];
  /** Of those, what the user has written. */
  readonly users: readonly string[];
}

const WRITE_OF_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Makes the folder, for its owner alone, or takes from others what they may do with one that is there, and with what this
 * program has in it: to look into it, where nothing else is there, else only to change it. Whatever the process's mask is, and was.
 * @throws {ForeignFileError} where somebody else has made it, or something in it
 */
export async function makePrivate(folder: string, options: PrivateFolderOptions): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  refuseForeign(folder, await Deno.lstat(folder));
  const info = await Deno.stat(folder);
  refuseForeign(folder, info);
  if (othersMayWrite(info) && ((info.mode ?? 0) & STICKY) !== 0) {
    throw new ForeignFileError(`${folder} is for everybody's files`);
  }
  const isAlone = (await namesIn(folder)).every(options.isOurs);
  const bits = isAlone ? OTHERS : WRITE_OF_OTHERS;
  await takeAway(folder, info, bits);
  // Files that were put there before are found now, and no more can come.
  for (const name of await namesIn(folder)) {
    if (options.isOurs(name)) await keepOwn(folder, name, bits, options);
  }
}

/** The nearest folder above in which somebody else may put another one in this one's place; `null` where nobody may. */
export async function replaceableIn(folder: string): Promise<string | null> {
  // As it is named, for links on the way, and as it is.
  for (const way of [resolve(folder), await Deno.realPath(folder)]) {
    for (let path = way; path !== dirname(path);) {
      path = dirname(path);
      if (isOpen(await Deno.lstat(path))) return path;
    }
  }
  return null;
}

/** Whether somebody else may rename what lies there. A link has no mode of its own. */
function isOpen(info: Deno.FileInfo): boolean {
  const isSticky = ((info.mode ?? 0) & STICKY) !== 0;
  return isForeign(info) || (!info.isSymlink && !isSticky && othersMayWrite(info));
}

async function keepOwn(
  folder: string,
  name: string,
  bits: number,
  { nested, users }: PrivateFolderOptions,
): Promise<void> {
  const path = join(folder, name);
  const info = await Deno.lstat(path);
  refuseForeign(path, info);
  // A link of the user's own leads to where the user wants it, and what is there is theirs.
  if (info.isSymlink || users.includes(name)) return;
  await takeAway(path, info, bits);
  if (!info.isDirectory || !nested.includes(name)) return;
  for await (const { name: inner, isDirectory } of Deno.readDir(path)) {
    const below = join(path, inner);
    if (isDirectory) await takeAway(below, await Deno.lstat(below), bits);
  }
}

async function takeAway(path: string, { mode }: Deno.FileInfo, bits: number): Promise<void> {
  if (mode === null || (mode & bits) === 0) return;
  // A file system without modes says no, or says nothing and does nothing.
  await Deno.chmod(path, mode & 0o7777 & ~bits).catch((error) => {
    if (
      !(error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotSupported)
    ) {
      throw error;
    }
  });
}

function refuseForeign(path: string, info: Deno.FileInfo): void {
  if (!isForeign(info)) return;
  throw new ForeignFileError(`${path} belongs to another user of this machine`);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
