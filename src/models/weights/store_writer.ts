import { PIECE_BYTES } from "../hashing/hash_tensors.ts";
import { writeAll } from "../../base/write_all.ts";
import { PieceBuffers } from "./piece_buffers.ts";

/** Memory of what waits for the disk, of all entries together. */
export interface WriteBehind {
  waiting: number;
  readonly limit: number;
}

export interface StoreWriterOptions {
  /** The path at which the entry is written until it is whole. */
  readonly part: string;
  readonly byteLength: number;
  readonly behind: WriteBehind;
  readonly buffers: PieceBuffers;
  /** Makes an entry of the whole file. */
  readonly keep: (part: string) => Promise<void>;
  readonly remove: (part: string) => Promise<void>;
}

/**
 * An entry in the making. Nobody waits for it: bytes are gathered into pieces, which are written behind
 * the stream that they come from. It is dropped where the disk can't follow.
 */
export class StoreWriter {
  readonly #options: StoreWriterOptions;
  #piece = new Uint8Array(0);
  #filled = 0;
  #taken = 0;
  #file: Deno.FsFile | undefined;
  #writing: Promise<void> = Promise.resolve();
  #dropped = false;
  #over = false;

  constructor(options: StoreWriterOptions) {
    this.#options = options;
  }

  /** Copies the bytes. */
  write(bytes: Uint8Array): void {
    if (this.#dropped || this.#over) return;
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === this.#piece.length && !this.#nextPiece()) return;
      const part = bytes.subarray(at, at + this.#piece.length - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#piece.length) this.#send();
    }
  }

  /** Keeps the entry if all of it came; answers whether it did. @throws what the disk says. */
  async commit(): Promise<boolean> {
    if (this.#over) return false;
    this.#over = true;
    try {
      await this.#writing;
      this.#file?.close();
      this.#file = undefined;
      const whole = !this.#dropped && this.#taken === this.#options.byteLength &&
        this.#filled === this.#piece.length;
      if (whole) {
        await this.#options.keep(this.#options.part);
        return true;
      }
    } catch (error) {
      await this.#cleanUp();
      throw error;
    }
    await this.#cleanUp();
    return false;
  }

  /** Leaves nothing behind. Safe to call twice and after `commit`. */
  async abort(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#writing.catch(() => {});
    await this.#cleanUp();
  }

  /** Room for the next bytes; `false` where the entry is dropped instead. */
  #nextPiece(): boolean {
    const { byteLength, behind, buffers } = this.#options;
    const size = Math.min(PIECE_BYTES, byteLength - this.#taken);
    const held = PieceBuffers.bytesOf(size);
    this.#dropped = size === 0 || behind.waiting + held > behind.limit;
    if (this.#dropped) return false;
    behind.waiting += held;
    this.#taken += size;
    this.#piece = buffers.take(size);
    this.#filled = 0;
    return true;
  }

  #send(): void {
    const { behind } = this.#options;
    const piece = this.#piece;
    this.#writing = this.#writing.then(() => this.#append(piece)).finally(() => {
      // Also where the piece before it failed, and this one is not even tried.
      behind.waiting -= PieceBuffers.bytesOf(piece.length);
    });
    this.#writing.catch(() => {}); // seen by `commit`
  }

  async #append(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    const { part, buffers } = this.#options;
    this.#file ??= await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
    await writeAll(this.#file, piece);
    buffers.giveBack(piece);
  }

  async #cleanUp(): Promise<void> {
    // A part of a piece was taken into account when its piece began.
    if (this.#filled < this.#piece.length) {
      this.#options.behind.waiting -= PieceBuffers.bytesOf(this.#piece.length);
      this.#filled = this.#piece.length;
    }
    this.#file?.close();
    this.#file = undefined;
    await this.#options.remove(this.#options.part);
  }
}
