import { z } from "zod";
import { writeWhole } from "../../base/atomic_file.ts";
import { systemWords } from "../../base/system_error.ts";
import { InvalidGgufError, InvalidModelNameError, NoWeightsError } from "../base/errors.ts";
import { loadModel } from "../gguf/local_model.ts";
import type { FoundFile } from "../layouts/found.ts";
import { eachShardPath } from "../base/shards.ts";
import type { LocalModel } from "../base/types.ts";
import { parseJson } from "../../base/json.ts";

/** The result of reading a model's files, or why they can't be used. */
export type ReadModel =
  | { readonly model: LocalModel }
  /** `hollow` is what the file would be if it held any weights. */
  | { readonly reason: string; readonly hollow?: LocalModel }
  /** The system's message, now: it may differ at the next scan, of the same file. */
  | { readonly reason: string; readonly passing: true };

/** By its looks, a file is still the one that was read. */
type Identity = readonly [sizeBytes: number, mtimeMs: number, inode: number];

interface Entry {
  /** Of every shard. */
  readonly files: readonly Identity[];
  readonly read: ReadModel;
}

/** Higher with each change of what is kept of a header. */
const VERSION = 2;

const identity = z.tuple([z.number(), z.number(), z.number()]);
const count = z.number().int().nonnegative();

const model = z.object({
  name: z.string(),
  path: z.string(),
  shards: z.array(z.string()),
  sizeBytes: count,
  fingerprint: z.string(),
  projector: z.null(),
  header: z.looseObject({ architecture: z.string(), layers: count, kvHeads: count }),
});

/** Checked as far as this program relies on it; the file is its own, and a damaged one is as none. */
const schema = z.object({
  version: z.literal(VERSION),
  entries: z.record(
    z.string(),
    z.object({
      files: z.array(identity),
      read: z.union([
        z.object({ reason: z.string(), hollow: model.optional() }),
        z.object({ model }),
      ]),
    }),
  ),
});

/**
 * Headers that were read before, by their files' size, time and inode: a look at a thousand models opens
 * none of them. Kept in one file, and only for speed: what can't be written is read again.
 */
export class ListingCache {
  readonly #path: string;
  #entries: Promise<Map<string, Entry>> | undefined;
  #changed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** The model in the file, from the cache where the file is unchanged. @throws the signal's reason only */
  async read(file: FoundFile, signal?: AbortSignal): Promise<ReadModel> {
    const { path } = file;
    const entries = await (this.#entries ??= this.#load());
    const files = await identities(path);
    const known = entries.get(path);
    if (known !== undefined && JSON.stringify(known.files) === JSON.stringify(files)) {
      return named(known.read, file.name);
    }
    const read = await readModel(file, signal);
    // Permissions change without a trace in the file's identity.
    if ("passing" in read) return read;
    this.#changed = true;
    entries.set(path, { files, read });
    return read;
  }

  /** Keeps what was read of these files, and forgets the others. */
  async keep(paths: ReadonlySet<string>): Promise<void> {
    const entries = await (this.#entries ??= this.#load());
    for (const path of [...entries.keys()]) {
      if (paths.has(path)) continue;
      entries.delete(path);
      this.#changed = true;
    }
    if (!this.#changed) return;
    this.#changed = false;
    const text = JSON.stringify({ version: VERSION, entries: Object.fromEntries(entries) });
    await writeWhole(this.#path, text).catch(() => {}); // read-only or full: the next start reads again
  }

  async #load(): Promise<Map<string, Entry>> {
    const text = await Deno.readTextFile(this.#path).catch(() => "");
    const { data } = schema.safeParse(parseJson(text));
    return new Map(Object.entries(data?.entries ?? {})) as unknown as Map<string, Entry>;
  }
}

/** A name that is no Unicode is one that nobody can open by it. */
function notFoundWords(path: string, error: unknown): string | null {
  if (!(error instanceof Deno.errors.NotFound)) return null;
  return path.includes("\ufffd") ? "its name is no Unicode; rename it" : "it is gone";
}

/** The same file may be there under several names. */
function named(read: ReadModel, name: string): ReadModel {
  return "model" in read ? { model: { ...read.model, name } } : read;
}

/** Of all shards up to the first that is missing. */
async function identities(path: string): Promise<Identity[]> {
  const found: Identity[] = [];
  for (const shard of eachShardPath(path)) {
    const info = await Deno.stat(shard).catch(() => null);
    if (info === null) break;
    found.push([info.size, info.mtime?.getTime() ?? 0, info.ino ?? 0]);
  }
  return found;
}

/** Reads a model's headers. @throws the signal's reason only */
export async function readModel(
  { path, name }: FoundFile,
  signal?: AbortSignal,
): Promise<ReadModel> {
  try {
    return { model: await loadModel(path, signal, name) };
  } catch (error) {
    if (error instanceof NoWeightsError) return { reason: error.message, hollow: error.model };
    signal?.throwIfAborted();
    // Another program may call the same file something else.
    if (error instanceof InvalidModelNameError) return { reason: error.message, passing: true };
    if (error instanceof InvalidGgufError) {
      const { message: reason, cause } = error;
      return cause === undefined ? { reason } : { reason, passing: true };
    }
    // Whatever it is: one file must not hide all others.
    const reason = `Cannot use ${path}: ${notFoundWords(path, error) ?? systemWords(error)}`;
    return { reason, passing: true };
  }
}
