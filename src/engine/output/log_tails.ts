import { join } from "node:path";
import { Tail } from "./child_output.ts";
import { LOG_TAIL_BYTES } from "../base/defaults.ts";

/** The end of one child's log. */
export interface LogTail {
  readonly name: string;
  readonly text: string;
}

/** The ends of the children's logs in a data directory, the latest written first. Never fails. */
export async function logTails(dataDir: string): Promise<LogTail[]> {
  const folder = join(dataDir, "logs");
  const found: { tail: LogTail; writtenMs: number }[] = [];
  for (const name of await logNames(folder)) {
    const path = join(folder, name);
    const read = await readEnd(path).catch(() => null);
    if (read !== null) found.push({ ...read, tail: { name: name.slice(0, -4), text: read.text } });
  }
  return found.sort((a, b) => b.writtenMs - a.writtenMs).map(({ tail }) => tail);
}

async function logNames(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isFile, name }) => isFile && name.endsWith(".log"))
      .map(({ name }) => name);
  } catch {
    return []; // no child has run yet
  }
}

async function readEnd(path: string): Promise<{ text: string; writtenMs: number }> {
  using file = await Deno.open(path);
  const { size, mtime } = await file.stat();
  await file.seek(Math.max(0, size - LOG_TAIL_BYTES), Deno.SeekMode.Start);
  const tail = new Tail(LOG_TAIL_BYTES);
  for await (const bytes of file.readable) tail.add(bytes);
  return { text: tail.text, writtenMs: mtime?.getTime() ?? 0 };
}
