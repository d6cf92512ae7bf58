/** Files that are written whole or not at all, whatever ends the write: a full disk, an error, kill -9. */

import { dirname, join } from "node:path";
import { isAlive } from "./is_alive.ts";
import { writeAll } from "./write_all.ts";

export interface WriteWholeOptions {
  /** Of a new file. Secrets are for their owner only. @default {0o600} */
  readonly mode?: number;
  /** Waits until the bytes are on the disk itself: for what can't be made again. @default {false} */
  readonly sync?: boolean;
}

/**
 * Replaces the file in one step. Nobody sees a part of it under its own name, and a write that fails leaves nothing
 * behind. Two writes of one path at a time are the caller's to keep apart.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode = 0o600, sync = false }: WriteWholeOptions = {},
): Promise<void> {
  const draft = `${path}.${Deno.pid}.tmp`;
  await Deno.mkdir(dirname(path), { recursive: true });
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await writeBytes(draft, bytes, { mode, sync });
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => {}); // it was never made, or the disk says no to everything
    throw aboutFile(error, draft, path);
  }
}

/** The system speaks of a draft that nobody knows, or of no file at all. */
function aboutFile(error: unknown, draft: string, path: string): unknown {
  if (!(error instanceof Error)) return error;
  error.message = /\(os error \d+\)$/.test(error.message)
    ? `${error.message}: writefile '${path}'`
    : error.message.replaceAll(draft, path);
  return error;
}

async function writeBytes(
  path: string,
  bytes: Uint8Array,
  { mode, sync }: Required<WriteWholeOptions>,
): Promise<void> {
  using file = await openNew(path, mode);
  await writeAll(file, bytes);
  if (sync) await file.sync();
}

/** Never through a link that lies there: others may know the name of a draft, and put one into a folder of everybody's. */
async function openNew(path: string, mode: number): Promise<Deno.FsFile> {
  const options = { write: true, createNew: true, mode };
  try {
    return await Deno.open(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  await Deno.remove(path);
  return await Deno.open(path, options);
}

/**
 * Removes the drafts that processes left in a folder when they were killed. A draft of a process that runs now, such as
 * another command beside the node, is left alone. Never throws: what can't be removed hinders nobody.
 */
export async function removeDrafts(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const pid = draftOwner(name);
    if (pid === null || (pid !== Deno.pid && isAlive(pid))) continue;
    await Deno.remove(join(folder, name)).catch(() => {});
  }
}

/** The pid in a draft's name, with the forms of earlier builds; `null` for the name of any other file. */
export function draftOwner(name: string): number | null {
  const [, pid] = /\.(?:json|gguf)\.(\d{1,10})(?:\.tmp|\.part)?$/.exec(name) ?? [];
  return pid === undefined ? null : Number(pid);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch {
    return []; // not there, or not readable
  }
}
