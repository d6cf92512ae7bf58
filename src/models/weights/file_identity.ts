import type { FileIdentity } from "./indexed_tensors.ts";

/** @throws what `Deno.stat` throws. */
export async function fileIdentity(path: string): Promise<FileIdentity> {
  const { size, mtime, ino } = await Deno.stat(path);
  return { path, sizeBytes: size, mtimeMs: mtime?.getTime() ?? 0, inode: ino ?? 0 };
}

export function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.path === b.path && a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs &&
    a.inode === b.inode;
}

/** Whether the file is by its looks still the one that was hashed. */
export async function isUnchanged(file: FileIdentity): Promise<boolean> {
  try {
    return sameFile(await fileIdentity(file.path), file);
  } catch {
    return false; // gone, or out of reach: not the file that it was
  }
}
