/** Files that are this user's own, also in folders where others put theirs. */

import { dirname } from "node:path";

/** Somebody else made it, or may change it while it is used. */
export class ForeignFileError extends Error {
  override name = "ForeignFileError";
}

type Info = Pick<Deno.FileInfo, "uid" | "gid" | "mode">;

/** Owned by another user. The administrator's are as good as one's own; not the other way round. */
export function isForeign({ uid }: Pick<Info, "uid">, self: number | null = Deno.uid()): boolean {
  return uid !== null && self !== null && uid !== self && uid !== 0;
}

/** The mode bits of everybody but the owner. */
export const OTHERS = 0o077;

/** The mode as `chmod` takes it, where somebody else has any right to the file; `null` where nobody has. */
export function openMode(mode: number | null): string | null {
  return mode === null || (mode & OTHERS) === 0
    ? null
    : (mode & 0o777).toString(8).padStart(3, "0");
}

const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;

/** Whether somebody else may change it. A group of the user's own, which has the user's number, is nobody else. */
export function othersMayWrite({ uid, gid, mode }: Info): boolean {
  if (mode === null) return false;
  return (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITES) !== 0 && gid !== uid);
}

/**
 * Opens a file for reading and writing, or makes it, as readable as the folder that it lies in. Never follows a link, and
 * never takes what somebody else has put there: they could lead the bytes elsewhere, or change them later.
 * @throws {ForeignFileError}
 */
export async function openOwn(path: string): Promise<Deno.FsFile> {
  return await makeOwn(path) ?? await openMade(path);
}

/** `null` where something lies there already, be it a link to nothing. */
async function makeOwn(path: string): Promise<Deno.FsFile | null> {
  const { mode } = await Deno.stat(dirname(path));
  const others = (mode ?? 0) & 0o044;
  // The mask is the whole process's. Nothing else is made between these two lines, but by threads that ask for a mode.
  const mask = Deno.umask(0o022);
  try {
    return Deno.openSync(path, { read: true, write: true, createNew: true, mode: 0o600 | others });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  } finally {
    Deno.umask(mask);
  }
}

/** Looks before it opens, since opening a pipe would wait, and again at what it has opened. */
async function openMade(path: string): Promise<Deno.FsFile> {
  const before = await Deno.lstat(path);
  refuse(path, before);
  return await openAgain(path, before);
}

/**
 * Another handle of a file that is known already.
 * @throws {ForeignFileError} where another one has come into its place
 */
export async function openAgain(
  path: string,
  known: Pick<Deno.FileInfo, "dev" | "ino">,
): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { read: true, write: true });
  const { dev, ino } = file.statSync();
  if (ino === known.ino && dev === known.dev) return file;
  file.close();
  throw new ForeignFileError(`${path} was replaced while it was in use`);
}

function refuse(path: string, info: Deno.FileInfo): void {
  const because = info.isSymlink
    ? "is a link"
    : !info.isFile
    ? "is not a file"
    : info.uid !== null && info.uid !== Deno.uid()
    ? "belongs to another user of this machine"
    : (info.nlink ?? 1) > 1
    ? "has a second name"
    : null;
  if (because !== null) throw new ForeignFileError(`${path} ${because}: remove it and try again`);
}

/** The text of a file that this user has made; empty where there is none, or something else lies there. */
export async function readOwnText(path: string, maxBytes: number): Promise<string> {
  try {
    const info = await Deno.lstat(path);
    // Opening a pipe would wait, and some devices never end.
    return info.isFile && !isForeign(info) && info.size <= maxBytes
      ? await Deno.readTextFile(path)
      : "";
  } catch {
    return ""; // not there, or not readable
  }
}
