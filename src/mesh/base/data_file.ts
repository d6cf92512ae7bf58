import { dirname } from "node:path";
import type { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import {
  type Fields,
  FIRST_FORM,
  keptText,
  LaterFileError,
  readKept,
} from "../../base/kept_file.ts";
import { systemWords } from "../../base/system_error.ts";
import { DataDirectoryError } from "./errors.ts";

/** Secrets live here. */
const DIRECTORY_MODE = 0o700;

/**
 * A JSON file of the data directory; `undefined` where there is none.
 * @throws {DataDirectoryError} where it is there and makes no sense. @throws {LaterFileError}
 */
export async function readDataFile<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  try {
    return await readKept(path, { steps: FIRST_FORM, parse: (json) => schema.parse(json) });
  } catch (cause) {
    if (cause instanceof LaterFileError) throw cause;
    throw new DataDirectoryError(
      `Cannot use ${path}: it is damaged or not readable; restore it, or choose another --data-dir`,
      { cause },
    );
  }
}

/** Writes all or nothing, readable by its owner only. */
export async function writeDataFile(path: string, value: Fields): Promise<void> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await writeWhole(path, keptText(value), { sync: true });
  } catch (cause) {
    throw new DataDirectoryError(`Cannot write ${path}: ${systemWords(cause)}`, { cause });
  }
}
