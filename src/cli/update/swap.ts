/** One executable in the place of another: whatever ends it, the old one or the new one is there, and whole. */

import { join } from "node:path";
import { previousOf } from "./place.ts";

/** Both lie in the executable's own folder. A program that runs goes on with the file that it was started from. */
export async function swapIn(fresh: string, executable: string, work: string): Promise<void> {
  // As its owner gave it to others: what this process makes is for its user alone.
  await Deno.chmod(fresh, (await Deno.stat(executable)).mode ?? 0o755);
  await flush(fresh);
  const former = join(work, "former");
  await secondName(executable, former);
  await Deno.rename(former, previousOf(executable));
  await Deno.rename(fresh, executable);
}

/** The kept one comes back, and the one in use is kept in its place. @throws {Deno.errors.NotFound} where none is kept */
export async function swapBack(executable: string, work: string): Promise<void> {
  const back = join(work, "back");
  await secondName(previousOf(executable), back);
  await swapIn(back, executable, work);
}

/** As a copy where the file system knows no second names. */
async function secondName(path: string, name: string): Promise<void> {
  try {
    await Deno.link(path, name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    await Deno.copyFile(path, name);
  }
}

/** A machine that loses its power after the rename must not wake up with an empty executable. */
async function flush(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}
