import { createHash } from "node:crypto";
import { join } from "node:path";
import { PIECE_BYTES } from "../hashing/hash_tensors.ts";
import { type Usage, victims } from "./quota.ts";
import { verifiedPieces } from "./verified_pieces.ts";

/** What tells an entry: its name is the SHA-256 of its content. */
export interface StoreKey {
  readonly sha256: string;
  readonly byteLength: number;
}

const PART = ".part";

/**
 * Weights that came over the network, kept for the next load. An entry is never seen half-written,
 * and its whole content is verified each time before it is used.
 */
export class WeightStore {
  readonly #folder: string;
  readonly #quotaBytes: number;

  private constructor(folder: string, quotaBytes: number) {
    this.#folder = folder;
    this.#quotaBytes = quotaBytes;
  }

  /** Removes what a killed node has left half-written. One node a folder. */
  static async open(folder: string, quotaBytes: number): Promise<WeightStore> {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith(PART)) await Deno.remove(join(folder, name));
    }
    return new WeightStore(folder, quotaBytes);
  }

  /** The entry's verified bytes; `undefined` where there is none, or none that is whole. */
  async read(key: StoreKey): Promise<AsyncGenerator<Uint8Array> | undefined> {
    const path = join(this.#folder, key.sha256);
    const pieces = await hashPieces(path, key);
    if (pieces === undefined) return undefined;
    if (pieces === "broken") {
      await removeQuietly(path);
      return undefined;
    }
    const now = new Date();
    await Deno.utime(path, now, now);
    return verifiedPieces({ path, offset: 0, byteLength: key.byteLength, pieces });
  }

  /** Begins an entry; `undefined` where it is there already or could never fit. */
  async write(key: StoreKey): Promise<StoreWriter | undefined> {
    if (key.byteLength > this.#quotaBytes) return undefined;
    const path = join(this.#folder, key.sha256);
    if (await sizeOf(path) === key.byteLength) return undefined;
    const part = `${path}.${crypto.randomUUID()}${PART}`;
    const file = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
    return new StoreWriter(file, part, path, key, () => this.#makeRoom());
  }

  async #makeRoom(): Promise<void> {
    const entries: Usage[] = [];
    for await (const { name, isFile } of Deno.readDir(this.#folder)) {
      if (!isFile || name.endsWith(PART)) continue;
      const { size, mtime } = await Deno.stat(join(this.#folder, name));
      entries.push({ name, sizeBytes: size, usedMs: mtime?.getTime() ?? 0 });
    }
    for (const name of victims(entries, this.#quotaBytes)) {
      await removeQuietly(join(this.#folder, name));
    }
  }
}

/** An entry in the making. It comes to be by `commit`, and only if the bytes are those of its name. */
export class StoreWriter {
  readonly #hash = createHash("sha256");
  #written = 0;
  #over = false;

  constructor(
    private readonly file: Deno.FsFile,
    private readonly part: string,
    private readonly path: string,
    private readonly key: StoreKey,
    private readonly makeRoom: () => Promise<void>,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#written += bytes.length;
    for (let at = 0; at < bytes.length;) at += await this.file.write(bytes.subarray(at));
  }

  /** Answers whether the entry was kept. */
  async commit(): Promise<boolean> {
    const whole = this.#written === this.key.byteLength &&
      this.#hash.digest("hex") === this.key.sha256;
    if (!whole) {
      await this.abort();
      return false;
    }
    this.#over = true;
    this.file.close();
    await Deno.rename(this.part, this.path);
    await this.makeRoom();
    return true;
  }

  /** Leaves nothing behind. Safe to call twice and after `commit`. */
  async abort(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.file.close();
    await removeQuietly(this.part);
  }
}

/** The hashes of an entry's pieces, made while the whole is verified. */
async function hashPieces(
  path: string,
  { sha256, byteLength }: StoreKey,
): Promise<string[] | "broken" | undefined> {
  const size = await sizeOf(path);
  if (size === undefined) return undefined;
  if (size !== byteLength) return "broken";
  using file = await Deno.open(path);
  const whole = createHash("sha256");
  const pieces: string[] = [];
  const piece = new Uint8Array(PIECE_BYTES);
  for (let rest = byteLength; rest > 0; rest -= PIECE_BYTES) {
    const filled = await fill(file, piece.subarray(0, Math.min(rest, PIECE_BYTES)));
    whole.update(filled);
    pieces.push(createHash("sha256").update(filled).digest("hex"));
  }
  return whole.digest("hex") === sha256 ? pieces : "broken";
}

/** As much of `into` as the file still had. */
async function fill(file: Deno.FsFile, into: Uint8Array): Promise<Uint8Array> {
  let at = 0;
  while (at < into.length) {
    const read = await file.read(into.subarray(at));
    if (read === null) break;
    at += read;
  }
  return into.subarray(0, at);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
