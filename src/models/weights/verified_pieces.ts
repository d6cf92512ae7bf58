import { PIECE_BYTES } from "../hashing/hash_tensors.ts";

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
 * nothing that changes on the disk can slip in between. The next is read while one is in use.
 * @throws {WeightChangedError}
 */
export async function* verifiedPieces(stretch: HashedStretch): AsyncGenerator<Uint8Array> {
  using file = await openFile(stretch.path);
  await file.seek(stretch.offset, Deno.SeekMode.Start);
  let next = readPiece(file, stretch, 0);
  try {
    for (let index = 0; index < stretch.pieces.length; index++) {
      const piece = await next;
      if (index + 1 < stretch.pieces.length) next = readPiece(file, stretch, index + 1);
      // Its failure is seen when its turn comes, or not at all when nobody wants it any more.
      next.catch(() => {});
      yield piece;
    }
  } finally {
    await next.catch(() => {});
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new WeightChangedError(path);
    throw error;
  }
}

async function readPiece(
  file: Deno.FsFile,
  { path, byteLength, pieces }: HashedStretch,
  index: number,
): Promise<Uint8Array> {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, byteLength - index * PIECE_BYTES));
  for (let at = 0; at < piece.length;) {
    const read = await file.read(piece.subarray(at));
    if (read === null) throw new WeightChangedError(path);
    at += read;
  }
  if (await sha256(piece) !== pieces[index]) throw new WeightChangedError(path);
  return piece;
}

/** Off the event loop, unlike `node:crypto`'s. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
