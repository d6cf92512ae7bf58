import { unlessMissing } from "../base/unless_missing.ts";
import { dirname } from "node:path";
import { z } from "zod";
import { removeDrafts, writeWhole } from "../base/atomic_file.ts";
import { ForeignFileError, openAgain, openOwn, readOwnText } from "../base/own_files.ts";
import { DownloadRefusedError } from "./errors.ts";
import { CHUNK_BYTES, PART_STATE_BYTES_MAX } from "./defaults.ts";
import { parseJson } from "../base/json.ts";

/** One piece of a file. All are of the same size but the last. */
export interface Chunk {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
}

export interface PartOptions {
  /** Of the finished file; beside it lie `<path>.part` and `<path>.part.json` until then. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The identity of the file that is being fetched: a part of another file is not continued. */
  readonly identity: string;
  /** @default {CHUNK_BYTES} */
  readonly chunkBytes?: number | undefined;
}

const schema = z.object({
  identity: z.string(),
  sizeBytes: z.int().nonnegative(),
  chunkBytes: z.int().positive(),
  /** Chunk by chunk, who brought it; `null` where it is still missing. */
  chunks: z.array(z.string().nullable()),
});

type State = z.infer<typeof schema>;

/** An unfinished file and what is known of its chunks. Held by one process at a time. */
export class PartFile implements AsyncDisposable {
  readonly #options: PartOptions;
  readonly #file: Deno.FsFile;
  readonly #state: State;
  #saving: Promise<void> = Promise.resolve();

  /** @throws {DownloadRefusedError} where another process has it. */
  static async open(options: PartOptions): Promise<PartFile> {
    const { path, sizeBytes } = options;
    const file = await openPart(path);
    try {
      if (!await file.tryLock(true)) {
        throw new DownloadRefusedError(`Another process is downloading ${path} already`);
      }
      await removeDrafts(dirname(path));
      const state = await readState(options);
      const { size } = await file.stat();
      // Longer than it was: someone else's bytes; shorter: what the state speaks of is gone.
      const known = state !== undefined && size === sizeBytes;
      await file.truncate(sizeBytes);
      return new PartFile(options, file, known ? state : freshState(options));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(options: PartOptions, file: Deno.FsFile, state: State) {
    this.#options = options;
    this.#file = file;
    this.#state = state;
  }

  get chunks(): Chunk[] {
    const { sizeBytes, chunkBytes, chunks } = this.#state;
    return chunks.map((_, index) => {
      const offset = index * chunkBytes;
      return { index, offset, length: Math.min(chunkBytes, sizeBytes - offset) };
    });
  }

  get missing(): Chunk[] {
    return this.chunks.filter(({ index }) => this.#state.chunks[index] === null);
  }

  get receivedBytes(): number {
    const missing = this.missing.reduce((sum, { length }) => sum + length, 0);
    return this.#state.sizeBytes - missing;
  }

  /** The source of the chunk. */
  sourceOf({ index }: Chunk): string | null {
    return this.#state.chunks[index] ?? null;
  }

  /** A handle of its own, at that place: chunks are written beside each other. */
  async writerAt(offset: number): Promise<Deno.FsFile> {
    const file = await openAgain(partPath(this.#options.path), this.#file.statSync());
    await file.seek(offset, Deno.SeekMode.Start);
    return file;
  }

  /** The chunk is whole and on the disk. */
  async done({ index }: Chunk, source: string): Promise<void> {
    this.#state.chunks[index] = source;
    await this.#save();
  }

  /** These have to be fetched again. */
  async forget(chunks: readonly Chunk[]): Promise<void> {
    for (const { index } of chunks) this.#state.chunks[index] = null;
    await this.#save();
  }

  /** Gives the file its name. Nobody ever sees a part of it under that name. */
  async finish(): Promise<void> {
    await this.#saving;
    await this.#file.sync();
    await Deno.rename(partPath(this.#options.path), this.#options.path);
    await unlessMissing(Deno.remove(statePath(this.#options.path)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#saving.catch(() => {}); // the caller that asked for it has been told
    this.#file.close();
  }

  /** One after the other, each whole or not at all. */
  #save(): Promise<void> {
    const path = statePath(this.#options.path);
    this.#saving = this.#saving.catch(() => {}).then(() =>
      writeWhole(path, JSON.stringify(this.#state))
    );
    return this.#saving;
  }
}

/** Models may lie in a folder that others write to as well. */
async function openPart(path: string): Promise<Deno.FsFile> {
  try {
    return await openOwn(partPath(path));
  } catch (error) {
    if (!(error instanceof ForeignFileError)) throw error;
    throw new DownloadRefusedError(`Cannot download ${path}: ${error.message}`, { cause: error });
  }
}

/** Removes what is left of an unfinished file. */
export async function removePart(path: string): Promise<void> {
  await Promise.all(
    [partPath(path), statePath(path)].map((file) => unlessMissing(Deno.remove(file))),
  );
}

/** Bytes of the file that an earlier run has left, without opening it. */
export async function leftBytes(options: PartOptions): Promise<number> {
  const state = await readState(options);
  if (state === undefined) return 0;
  return state.chunks.reduce((sum, source, index) => {
    const length = Math.min(state.chunkBytes, state.sizeBytes - index * state.chunkBytes);
    return source === null ? sum : sum + length;
  }, 0);
}

function partPath(path: string): string {
  return `${path}.part`;
}

function statePath(path: string): string {
  return `${path}.part.json`;
}

function freshState({ identity, sizeBytes, chunkBytes = CHUNK_BYTES }: PartOptions): State {
  const count = Math.ceil(sizeBytes / chunkBytes);
  return { identity, sizeBytes, chunkBytes, chunks: Array.from({ length: count }, () => null) };
}

/** `undefined` where there is none, or one of another file: then all is fetched. */
async function readState(options: PartOptions): Promise<State | undefined> {
  const text = await readOwnText(statePath(options.path), PART_STATE_BYTES_MAX);
  const { data } = schema.safeParse(parseJson(text));
  const fresh = freshState(options);
  const same = data?.identity === fresh.identity && data.sizeBytes === fresh.sizeBytes &&
    data.chunkBytes === fresh.chunkBytes && data.chunks.length === fresh.chunks.length;
  return same ? data : undefined;
}
