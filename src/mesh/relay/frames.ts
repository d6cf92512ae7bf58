/** Datagrams on a stream: two bytes of length before each. Pure. */

import { BadMessageError } from "../base/cbor.ts";
import { MAX_PATH_DATAGRAM_BYTES } from "../base/datagram_path.ts";

export const FRAME_HEAD_BYTES = 2;

/** Writes a frame into a buffer that has room for it; answers with where the next one begins. */
export function putFrame(buffer: Uint8Array, at: number, datagram: Uint8Array): number {
  buffer[at] = datagram.byteLength >> 8;
  buffer[at + 1] = datagram.byteLength & 0xff;
  buffer.set(datagram, at + FRAME_HEAD_BYTES);
  return at + FRAME_HEAD_BYTES + datagram.byteLength;
}

/** Takes the bytes of a stream, however they are cut, and gives back the datagrams. */
export class FrameReader {
  /** A frame of which only the beginning has come. */
  readonly #frame = new Uint8Array(FRAME_HEAD_BYTES + MAX_PATH_DATAGRAM_BYTES);
  #held = 0;

  /**
   * @param take gets each datagram, which is valid only during the call
   * @throws {BadMessageError} for a length that no datagram has
   */
  push(bytes: Uint8Array, take: (datagram: Uint8Array) => void): void {
    for (let at = 0; at < bytes.byteLength;) at = this.#step(bytes, at, take);
  }

  #step(bytes: Uint8Array, at: number, take: (datagram: Uint8Array) => void): number {
    if (this.#held === 0 && bytes.byteLength - at >= FRAME_HEAD_BYTES) {
      const begin = at + FRAME_HEAD_BYTES;
      const end = begin + lengthAt(bytes, at);
      if (end <= bytes.byteLength) {
        take(bytes.subarray(begin, end));
        return end;
      }
    }
    const wanted = this.#held < FRAME_HEAD_BYTES ? FRAME_HEAD_BYTES : this.#frameBytes;
    const some = bytes.subarray(at, at + wanted - this.#held);
    this.#frame.set(some, this.#held);
    this.#held += some.byteLength;
    if (this.#held >= FRAME_HEAD_BYTES && this.#held === this.#frameBytes) {
      this.#held = 0;
      take(this.#frame.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + lengthAt(this.#frame, 0)));
    }
    return at + some.byteLength;
  }

  get #frameBytes(): number {
    return FRAME_HEAD_BYTES + lengthAt(this.#frame, 0);
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (length === 0 || length > MAX_PATH_DATAGRAM_BYTES) {
    throw new BadMessageError(`A relayed datagram has ${length} bytes, which none has`);
  }
  return length;
}
