import { unlessMissing } from "../../base/unless_missing.ts";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import { readOwnText } from "../../base/own_files.ts";
import { UNFINISHED_BYTES_MAX } from "../base/defaults.ts";
import { parseJson } from "../../base/json.ts";

/** A download that was begun, as a later run finds it. */
export interface Unfinished {
  readonly name: string;
  readonly reference: string;
  readonly totalBytes: number;
  readonly files: readonly {
    readonly path: string;
    readonly sizeBytes: number;
    readonly identity: string;
  }[];
}

const schema = z.object({
  name: z.string(),
  reference: z.string(),
  totalBytes: z.int().nonnegative(),
  files: z.array(
    z.object({ path: z.string(), sizeBytes: z.int().nonnegative(), identity: z.string() }),
  ),
});

const SUFFIX = ".download.json";

/** The records of unfinished downloads lie beside the models, one small file each. */
export class UnfinishedStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<Unfinished[]> {
    const found: Unfinished[] = [];
    for (const name of await fileNames(this.#folder)) {
      if (!name.endsWith(SUFFIX)) continue;
      const text = await readOwnText(join(this.#folder, name), UNFINISHED_BYTES_MAX);
      const { data } = schema.safeParse(parseJson(text));
      if (data !== undefined && this.#isHere(data)) found.push(data);
    }
    return found;
  }

  /** Its files are written and removed by these paths. */
  #isHere({ files }: Unfinished): boolean {
    return files.every(({ path }) => isBelow(this.#folder, path));
  }

  async add(download: Unfinished): Promise<void> {
    await writeWhole(this.#path(download.name), JSON.stringify(download));
  }

  async remove(name: string): Promise<void> {
    await unlessMissing(Deno.remove(this.#path(name)));
  }

  #path(name: string): string {
    return join(this.#folder, `${name}${SUFFIX}`);
  }
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way !== "" && !isAbsolute(way) && way.split(sep)[0] !== "..";
}

async function fileNames(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    const { NotFound, NotADirectory, PermissionDenied } = Deno.errors;
    // An obstacle to reading is reported by the code that wants to write there.
    const expected = [NotFound, NotADirectory, PermissionDenied];
    if (expected.some((kind) => error instanceof kind)) return [];
    throw error;
  }
}
