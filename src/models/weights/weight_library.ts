import { reasonOf } from "../../base/as_error.ts";
import type { Logger } from "@logtape/logtape";
import { join } from "node:path";
import { readHeader } from "../gguf/read_header.ts";
import type { GgufTensor, LocalModel } from "../base/types.ts";
import { STORE_QUOTA_BYTES } from "./weight_defaults.ts";
import { isUnchanged } from "./file_identity.ts";
import { IndexCache } from "./index_cache.ts";
import { indexFile } from "./index_file.ts";
import type { FileIdentity, FileIndex, IndexedTensor, WeightIdentity } from "./indexed_tensors.ts";
import { PieceBuffers } from "./piece_buffers.ts";
import { verifiedPieces, WeightChangedError } from "./verified_pieces.ts";
import type { StoreWriter } from "./store_writer.ts";
import { WeightStore } from "./weight_store.ts";

export interface WeightLibraryOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  /** @default {STORE_QUOTA_BYTES} */
  readonly quotaBytes?: number;
}

interface Located {
  readonly file: FileIdentity;
  readonly tensor: IndexedTensor;
}

/** A file that is to be hashed. */
interface Pending {
  readonly tensors: Promise<readonly GgufTensor[]>;
  readonly known: PromiseWithResolvers<void>;
  urgent: boolean;
}

/** The weights on this machine: those of its models, and those that were received and kept. */
export class WeightLibrary {
  readonly #cache: IndexCache;
  readonly #store: WeightStore;
  readonly #logger: Logger;
  readonly #buffers = new PieceBuffers();
  readonly #files = new Map<string, FileIndex>();
  readonly #pending = new Map<string, Pending>();
  readonly #bySha256 = new Map<string, Located[]>();

  static async open(options: WeightLibraryOptions): Promise<WeightLibrary> {
    const folder = join(options.dataDir, "weights");
    const quotaBytes = options.quotaBytes ?? STORE_QUOTA_BYTES;
    const store = await WeightStore.open(join(folder, "received"), quotaBytes);
    return new WeightLibrary(new IndexCache(join(folder, "index")), store, options.logger);
  }

  private constructor(cache: IndexCache, store: WeightStore, logger: Logger) {
    this.#cache = cache;
    this.#store = store;
    this.#logger = logger;
  }

  /**
   * Learns the models' weights, one file after the other. Resolves when all that can be known are; a
   * file that can't be hashed is logged and left out. @throws the signal's reason.
   */
  async index(models: readonly LocalModel[], signal: AbortSignal): Promise<void> {
    try {
      await this.#forgetChanged();
      for (const path of new Set(models.flatMap((model) => model.shards))) {
        this.#queue(path, signal);
      }
      for (let path = this.#next(); path !== undefined; path = this.#next()) {
        await this.#indexOne(path, signal);
      }
    } finally {
      const left = [...this.#pending.values()];
      this.#pending.clear();
      for (const { known } of left) known.resolve();
      // Their headers are still being read: nothing of it goes on once this has ended.
      await Promise.all(left.map(({ tensors }) => tensors));
    }
  }

  /** Resolves when these files are indexed, or are not going to be; they come before all others. */
  async known(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const pending = this.#pending.get(path);
      if (pending !== undefined) pending.urgent = true;
    }
    await Promise.all(paths.map((path) => this.#pending.get(path)?.known.promise));
  }

  /** The tensors of that name in these files. Nothing before they are indexed. */
  named(paths: readonly string[], name: string): IndexedTensor[] {
    return paths.flatMap((path) =>
      this.#files.get(path)?.tensors.filter((tensor) => tensor.name === name) ?? []
    );
  }

  /** Whether a file that holds the weight still looks as it did when it was hashed. */
  async isCurrent(weight: WeightIdentity): Promise<boolean> {
    return await this.#locate(weight) !== undefined;
  }

  /** The weight's bytes from a file or the store, each piece verified; `undefined` where there are none. */
  async read(weight: WeightIdentity): Promise<AsyncGenerator<Uint8Array> | undefined> {
    const found = await this.#locate(weight) ?? await this.#locateLater(weight);
    if (found === undefined) return await this.#store.read(weight);
    return this.#readFile(found);
  }

  /** Begins to keep a received weight; `undefined` where it is too large. */
  keep(weight: WeightIdentity): StoreWriter | undefined {
    return this.#store.write(weight);
  }

  /** A file that was replaced under its path is hashed anew, and one that is gone takes no more room. */
  async #forgetChanged(): Promise<void> {
    for (const [path, { file }] of [...this.#files]) {
      if (!await isUnchanged(file)) this.#forget(path);
    }
  }

  #queue(path: string, signal: AbortSignal): void {
    if (this.#files.has(path) || this.#pending.has(path)) return;
    const known = Promise.withResolvers<void>();
    // A header that can't be read is reported when its file's turn comes.
    const tensors = readHeader(path, signal).then(({ header }) => header.tensors, () => []);
    this.#pending.set(path, { tensors, known, urgent: false });
  }

  #next(): string | undefined {
    const waiting = [...this.#pending];
    return (waiting.find(([, { urgent }]) => urgent) ?? waiting[0])?.[0];
  }

  async #indexOne(path: string, signal: AbortSignal): Promise<void> {
    try {
      this.#learn(await indexFile(path, this.#cache, signal));
    } catch (error) {
      signal.throwIfAborted();
      this.#report(path, error);
    }
    const pending = this.#pending.get(path);
    pending?.known.resolve();
    this.#pending.delete(path);
    await pending?.tensors;
  }

  #report(path: string, error: unknown): void {
    const reason = reasonOf(error);
    this.#logger.warn("The weights of {path} will cross the network: {reason}", { path, reason });
  }

  /** A file that was not what its index says is no source any more. */
  async *#readFile({ tensor, file }: Located): AsyncGenerator<Uint8Array> {
    try {
      yield* verifiedPieces({ ...tensor, path: file.path }, this.#buffers);
    } catch (error) {
      if (error instanceof WeightChangedError) this.#distrust(file.path);
      throw error;
    }
  }

  #distrust(path: string): void {
    if (this.#forget(path)) this.#report(path, new WeightChangedError(path));
  }

  /** False where it was not known. */
  #forget(path: string): boolean {
    const index = this.#files.get(path);
    if (index === undefined) return false;
    this.#files.delete(path);
    for (const { sha256 } of index.tensors) {
      const left = this.#bySha256.get(sha256)?.filter(({ file }) => file.path !== path) ?? [];
      if (left.length > 0) this.#bySha256.set(sha256, left);
      else this.#bySha256.delete(sha256);
    }
    return true;
  }

  #learn(index: FileIndex): void {
    this.#files.set(index.file.path, index);
    for (const tensor of index.tensors) {
      const located = this.#bySha256.get(tensor.sha256) ?? [];
      located.push({ file: index.file, tensor });
      this.#bySha256.set(tensor.sha256, located);
    }
  }

  async #locate(weight: WeightIdentity): Promise<Located | undefined> {
    for (const located of this.#bySha256.get(weight.sha256) ?? []) {
      if (!sameTensor(located.tensor, weight)) continue;
      if (await isUnchanged(located.file)) return located;
    }
    return undefined;
  }

  /** Hashing a file is quicker than a network: one that may hold the weight is waited for. */
  async #locateLater(weight: WeightIdentity): Promise<Located | undefined> {
    const paths: string[] = [];
    for (const [path, pending] of [...this.#pending]) {
      const tensors = await pending.tensors;
      const holds = tensors.some((tensor) =>
        sameTensor({ ...tensor, sha256: weight.sha256 }, weight)
      );
      if (holds) paths.push(path);
    }
    if (paths.length === 0) return undefined;
    await this.known(paths);
    return await this.#locate(weight);
  }
}

/** The SHA-256 alone would do; a peer that names it with another shape is mistaken about something. */
function sameTensor(a: WeightIdentity, b: WeightIdentity): boolean {
  return a.name === b.name && a.type === b.type && a.byteLength === b.byteLength &&
    trimmed(a.shape) === trimmed(b.shape);
}

/** A GGUF may leave out dimensions of one. */
function trimmed(shape: readonly number[]): string {
  return shape.join("x").replace(/(x1)+$/, "");
}
