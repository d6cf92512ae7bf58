import { dirname } from "node:path";
import type { z } from "zod";
import { DataDirectoryError } from "./errors.ts";

/** Secrets live in these files. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * A JSON file of the data directory; `undefined` where there is none.
 * @throws {DataDirectoryError} where it is there and makes no sense.
 */
export async function readDataFile<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  try {
    const text = await Deno.readTextFile(path);
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new DataDirectoryError(
      `Cannot use ${path}: it is damaged or not readable; restore it, or choose another --data-dir`,
      { cause },
    );
  }
}

/** Writes all or nothing, readable by its owner only. */
export async function writeDataFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await writeAndSync(temporary, new TextEncoder().encode(JSON.stringify(value, null, 2)));
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => undefined);
    throw new DataDirectoryError(`Cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, {
    write: true,
    create: true,
    truncate: true,
    mode: FILE_MODE,
  });
  for (let offset = 0; offset < bytes.byteLength;) {
    offset += await file.write(bytes.subarray(offset));
  }
  await file.sync();
}
