import { PIECE_BYTES } from "../hashing/hash_tensors.ts";
import { PIECES_AHEAD } from "./weight_defaults.ts";
import type { PieceBuffers } from "./piece_buffers.ts";

/** The bytes on disk are not those that were hashed. */
export class WeightChangedError extends Error {
  override name = "WeightChangedError";

  constructor(readonly path: string) {
    super(`Could not use ${path}: it changed after it was hashed`);
  }
}

/** A stretch of a file, and the SHA-256 of each of its pieces. */
export interface HashedStretch {
  readonly path: string;
  readonly offset: number;
  readonly byteLength: number;
  readonly pieces: readonly string[];
}

/**
 * Reads a stretch piece by piece. Each is hashed after it was read and before it is handed out, so
 * nothing that changes on the disk can slip in between. The next are read, and hashed on other cores,
 * while one is in use. A piece is the reader's until it asks for the next.
 * @throws {WeightChangedError}
 */
export async function* verifiedPieces(
  stretch: HashedStretch,
  buffers: PieceBuffers,
): AsyncGenerator<Uint8Array> {
  using file = await openFile(stretch.path);
  await file.seek(stretch.offset, Deno.SeekMode.Start);
  const ahead: Promise<Uint8Array<ArrayBuffer>>[] = [];
  let reading: Promise<unknown> = Promise.resolve();
  let next = 0;
  const readOn = () => {
    while (next < stretch.pieces.length && ahead.length < PIECES_AHEAD) {
      const piece = buffers.take(pieceBytes(stretch, next));
      const read = reading.then(() => fill(piece, file, stretch));
      const checked = read.then(checkOf(stretch, next));
      // Its failure is seen when its turn comes, or not at all when nobody wants it any more.
      checked.catch(() => {});
      reading = read.catch(() => {});
      ahead.push(checked);
      next++;
    }
  };
  try {
    for (readOn(); ahead.length > 0; readOn()) {
      const piece = await ahead.shift()!;
      yield piece;
      // Not where the reader broke off: a write that has failed may still read from it.
      buffers.giveBack(piece);
    }
  } finally {
    await Promise.allSettled([reading, ...ahead]);
  }
}

/** Lower-case hex; off the event loop, unlike `node:crypto`'s. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new WeightChangedError(path);
    throw error;
  }
}

function pieceBytes({ byteLength }: HashedStretch, index: number): number {
  return Math.min(PIECE_BYTES, byteLength - index * PIECE_BYTES);
}

/** From where the file stands. */
async function fill(
  piece: Uint8Array<ArrayBuffer>,
  file: Deno.FsFile,
  { path }: HashedStretch,
): Promise<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < piece.length;) {
    const read = await file.read(piece.subarray(at));
    if (read === null) throw new WeightChangedError(path);
    at += read;
  }
  return piece;
}

function checkOf({ path, pieces }: HashedStretch, index: number) {
  return async (piece: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => {
    if (await sha256Of(piece) !== pieces[index]) throw new WeightChangedError(path);
    return piece;
  };
}
