import { createHash } from "node:crypto";
import { Fnv1a64 } from "./fnv1a64.ts";

/**
 * A tensor is also hashed in pieces of this size, so that a reader can verify each piece before it uses
 * it and never holds more. Larger ones make the index no notably smaller.
 */
export const PIECE_BYTES = 4 * 1024 * 1024;

/** The place of a tensor in its file. */
export interface TensorPlace {
  readonly offset: number;
  readonly byteLength: number;
}

/** Hashes as lower-case hex. */
export interface TensorHash {
  readonly sha256: string;
  readonly fnv1a64: string;
  /** SHA-256 of each piece of {@linkcode PIECE_BYTES}, the last one shorter. */
  readonly pieces: readonly string[];
}

/** Reads tensors of an open file, in the order given, and hashes them. Blocks: made for a worker. */
export function hashTensors(file: Deno.FsFile, places: readonly TensorPlace[]): TensorHash[] {
  const fnv = new Fnv1a64(PIECE_BYTES);
  return places.map((place) => hashTensor(file, place, fnv));
}

function hashTensor(file: Deno.FsFile, place: TensorPlace, fnv: Fnv1a64): TensorHash {
  const whole = createHash("sha256");
  const pieces: string[] = [];
  file.seekSync(place.offset, Deno.SeekMode.Start);
  for (let rest = place.byteLength; rest > 0; rest -= PIECE_BYTES) {
    const piece = fnv.buffer.subarray(0, Math.min(rest, PIECE_BYTES));
    readFully(file, piece);
    whole.update(piece);
    fnv.update(piece.length);
    pieces.push(createHash("sha256").update(piece).digest("hex"));
  }
  return { sha256: whole.digest("hex"), fnv1a64: fnv.digest(), pieces };
}

function readFully(file: Deno.FsFile, into: Uint8Array): void {
  for (let at = 0; at < into.length;) {
    const read = file.readSync(into.subarray(at));
    if (read === null) throw new Error("The file became shorter while it was hashed");
    at += read;
  }
}
