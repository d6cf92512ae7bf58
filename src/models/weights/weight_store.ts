import { unlessMissing } from "../../base/unless_missing.ts";
import { join } from "node:path";
import { PIECE_BYTES } from "../hashing/hash_tensors.ts";
import { WHOLE_ENTRY_BYTES, WRITE_BEHIND_BYTES } from "./weight_defaults.ts";
import { hashInWorker } from "./hash_in_worker.ts";
import { PieceBuffers } from "./piece_buffers.ts";
import { type Usage, victims } from "./quota.ts";
import { StoreWriter, type WriteBehind } from "./store_writer.ts";
import { sha256Of, verifiedPieces } from "./verified_pieces.ts";

/** The key of an entry: its name is the SHA-256 of its content. */
export interface StoreKey {
  readonly sha256: string;
  readonly byteLength: number;
}

const PART = ".part";

/**
 * Weights that came over the network, kept for the next load. An entry is never seen half-written,
 * and its whole content is verified each time before it is used: not before it is kept as well, since
 * that would take the cores from the load that it comes with. Hashes are made off the event loop.
 */
export class WeightStore {
  readonly #folder: string;
  readonly #quotaBytes: number;
  readonly #behind: WriteBehind;
  readonly #buffers = new PieceBuffers();
  /** Entries that are being given their name; one after the other. */
  readonly #keeping = new Map<string, Promise<void>>();
  #lastKept: Promise<unknown> = Promise.resolve();
  #usedBytes: number;

  private constructor(folder: string, quotaBytes: number, behindBytes: number, usedBytes: number) {
    this.#folder = folder;
    this.#quotaBytes = quotaBytes;
    this.#behind = { waiting: 0, limit: behindBytes };
    this.#usedBytes = usedBytes;
  }

  /** Removes what a killed node has left half-written. One node a folder. */
  static async open(
    folder: string,
    quotaBytes: number,
    behindBytes = WRITE_BEHIND_BYTES,
  ): Promise<WeightStore> {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith(PART)) await Deno.remove(join(folder, name));
    }
    const usedBytes = (await usagesOf(folder)).reduce((sum, one) => sum + one.sizeBytes, 0);
    return new WeightStore(folder, quotaBytes, behindBytes, usedBytes);
  }

  /** The entry's verified bytes; `undefined` where there is none, or none that is whole. */
  async read(key: StoreKey): Promise<AsyncGenerator<Uint8Array> | undefined> {
    await this.#keeping.get(key.sha256)?.catch(() => {});
    const path = join(this.#folder, key.sha256);
    const size = (await unlessMissing(Deno.stat(path)))?.size;
    if (size === undefined) return undefined;
    const pieces = size === key.byteLength ? await verified(path, key, this.#buffers) : undefined;
    if (pieces === undefined) {
      await this.#remove(path, size);
      return undefined;
    }
    const now = new Date();
    await Deno.utime(path, now, now);
    return pieces;
  }

  /** Begins an entry; `undefined` where it could never fit, or is being kept. */
  write(key: StoreKey): StoreWriter | undefined {
    if (key.byteLength > this.#quotaBytes || this.#keeping.has(key.sha256)) return undefined;
    const part = join(this.#folder, `${key.sha256}.${crypto.randomUUID()}${PART}`);
    return new StoreWriter({
      part,
      byteLength: key.byteLength,
      behind: this.#behind,
      buffers: this.#buffers,
      keep: (part) => this.#keep(part, key),
      remove: (path) => unlessMissing(Deno.remove(path)),
    });
  }

  async #keep(part: string, key: StoreKey): Promise<void> {
    const { sha256 } = key;
    const kept = this.#lastKept.then(() => this.#keepNow(part, key));
    this.#lastKept = kept.catch(() => {});
    this.#keeping.set(sha256, kept);
    try {
      await kept;
    } finally {
      if (this.#keeping.get(sha256) === kept) this.#keeping.delete(sha256);
    }
  }

  async #keepNow(part: string, key: StoreKey): Promise<void> {
    const path = join(this.#folder, key.sha256);
    const replaced = (await unlessMissing(Deno.stat(path)))?.size ?? 0;
    await Deno.rename(part, path);
    this.#usedBytes += key.byteLength - replaced;
    if (this.#usedBytes > this.#quotaBytes) await this.#makeRoom();
  }

  async #makeRoom(): Promise<void> {
    const usages = await usagesOf(this.#folder);
    this.#usedBytes = usages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const sizes = new Map(usages.map(({ name, sizeBytes }) => [name, sizeBytes]));
    for (const name of victims(usages, this.#quotaBytes)) {
      await this.#remove(join(this.#folder, name), sizes.get(name) ?? 0);
    }
  }

  async #remove(path: string, sizeBytes: number): Promise<void> {
    await unlessMissing(Deno.remove(path));
    this.#usedBytes -= sizeBytes;
  }
}

/** The bytes of an entry that is what its name says. */
async function verified(
  path: string,
  { sha256, byteLength }: StoreKey,
  buffers: PieceBuffers,
): Promise<AsyncGenerator<Uint8Array> | undefined> {
  if (byteLength <= WHOLE_ENTRY_BYTES) {
    const bytes = await Deno.readFile(path);
    return await sha256Of(bytes) === sha256 ? inPieces(bytes) : undefined;
  }
  const [hash] = await hashLarge(path, byteLength);
  if (hash?.sha256 !== sha256) return undefined;
  return verifiedPieces({ path, offset: 0, byteLength, pieces: hash.pieces }, buffers);
}

function hashLarge(path: string, byteLength: number) {
  const places = [{ offset: 0, byteLength }];
  return hashInWorker({ path, places }, new AbortController().signal);
}

/** Frees the bytes behind the last piece: the garbage collector would come some entries later. */
async function* inPieces(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
  bytes.buffer.transfer(0);
}

async function usagesOf(folder: string): Promise<Usage[]> {
  const entries: Usage[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || name.endsWith(PART)) continue;
    const { size, mtime } = await Deno.stat(join(folder, name));
    entries.push({ name, sizeBytes: size, usedMs: mtime?.getTime() ?? 0 });
  }
  return entries;
}
