import { PIECE_BYTES } from "../hashing/hash_tensors.ts";
import { KEPT_BLOCK_BYTES } from "./weight_defaults.ts";

/** A smaller buffer costs little to make, and would waste most of a large one. */
const MIN_REUSED_BYTES = PIECE_BYTES / 4;

/**
 * Buffers for pieces, used again and again: to make a fresh one's pages takes the system as long as to
 * hash what is read into them. Those that nobody has are the garbage collector's to take, so that a node
 * that loads nothing keeps none.
 */
export class PieceBuffers {
  #free: WeakRef<ArrayBuffer>[] = [];
  #used = false;

  /** The memory that a piece of this length takes. */
  static bytesOf(length: number): number {
    return length < MIN_REUSED_BYTES ? length : PIECE_BYTES;
  }

  /** The content of the buffer is arbitrary. @param length of {@linkcode PIECE_BYTES} at most. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length < MIN_REUSED_BYTES) return new Uint8Array(length);
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) {
      const buffer = free.deref();
      if (buffer !== undefined) return new Uint8Array(buffer, 0, length);
    }
    if (!this.#used) keepFreedBlocks();
    this.#used = true;
    return new Uint8Array(new ArrayBuffer(PIECE_BYTES), 0, length);
  }

  /** Nobody may read its bytes any more. A buffer that is not given back is only made anew. */
  giveBack({ buffer }: Uint8Array<ArrayBuffer>): void {
    if (buffer.byteLength === PIECE_BYTES) this.#free.push(new WeakRef(buffer));
  }
}

/**
 * WebCrypto copies each piece that it hashes. glibc would give such a copy's pages back to the system and
 * ask for new ones each time, until a block as large was freed once: from then on it keeps smaller ones.
 */
function keepFreedBlocks(): void {
  new ArrayBuffer(KEPT_BLOCK_BYTES).transfer(0);
}
