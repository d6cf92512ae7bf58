import { dirname } from "node:path";
import type { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import { systemWords } from "../../base/system_error.ts";
import { DataDirectoryError } from "./errors.ts";

/** Secrets live here. */
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
  try {
    await Deno.mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await writeWhole(path, JSON.stringify(value, null, 2), { sync: true });
  } catch (cause) {
    throw new DataDirectoryError(`Cannot write ${path}: ${systemWords(cause)}`, { cause });
  }
}
