import { MAX_HEADER_BYTES } from "../base/defaults.ts";
import { InvalidGgufError } from "../base/errors.ts";

const DECODER = new TextDecoder();

/** The bytes at hand end before the header does. Never leaves `parseGgufHeader`. */
export class NeedMoreBytes extends Error {
  override name = "NeedMoreBytes";

  constructor(readonly atLeast: number) {
    super(`At least ${atLeast} bytes are needed`);
  }
}

/**
 * Walks over the start of a file. Nothing is copied or allocated by a length that the file claims:
 * every length is first held against the bytes at hand.
 */
export class GgufCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  /** The bytes from there to here. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#position);
  }

  /** @throws {NeedMoreBytes} unless so many bytes follow. */
  expect(length: number): void {
    const end = this.#position + length;
    if (end > MAX_HEADER_BYTES) {
      throw new InvalidGgufError(
        `its header claims more than ${MAX_HEADER_BYTES / 1024 / 1024} MiB`,
      );
    }
    if (end > this.#bytes.byteLength) throw new NeedMoreBytes(end);
  }

  skip(length: number): void {
    this.#take(length);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Exact up to 2^53; what is larger is only ever refused. Two halves, since BigInt is slow. */
  u64(): number {
    const start = this.#take(8);
    return this.#view.getUint32(start, true) + this.#view.getUint32(start + 4, true) * 2 ** 32;
  }

  /** A number of one of GGUF's scalar types, `true` as 1. */
  scalar(type: ScalarType): number {
    const start = this.#take(SCALAR_BYTES[type]);
    return READERS[type](this.#view, start);
  }

  /** @throws {InvalidGgufError} when the text is longer than `maxBytes`. */
  text(maxBytes: number, what: string): string {
    const length = this.u64();
    if (length > maxBytes) {
      throw new InvalidGgufError(`${what} in its header is longer than ${maxBytes} bytes`);
    }
    return this.#decode(length);
  }

  /** Steps over a longer text and answers an empty one. */
  shortText(maxBytes: number): string {
    const length = this.u64();
    if (length <= maxBytes) return this.#decode(length);
    this.skip(length);
    return "";
  }

  skipText(): void {
    this.skip(this.u64());
  }

  #decode(length: number): string {
    const start = this.#take(length);
    return DECODER.decode(this.#bytes.subarray(start, start + length));
  }

  #take(length: number): number {
    this.expect(length);
    const start = this.#position;
    this.#position += length;
    return start;
  }
}

/** GGUF's numbers for its value types without STRING (8) and ARRAY (9). */
export type ScalarType = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 10 | 11 | 12;

export const SCALAR_BYTES: Readonly<Record<ScalarType, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

const READERS: Readonly<Record<ScalarType, (view: DataView, start: number) => number>> = {
  0: (view, start) => view.getUint8(start),
  1: (view, start) => view.getInt8(start),
  2: (view, start) => view.getUint16(start, true),
  3: (view, start) => view.getInt16(start, true),
  4: (view, start) => view.getUint32(start, true),
  5: (view, start) => view.getInt32(start, true),
  6: (view, start) => view.getFloat32(start, true),
  7: (view, start) => view.getUint8(start) === 0 ? 0 : 1,
  10: (view, start) => Number(view.getBigUint64(start, true)),
  11: (view, start) => Number(view.getBigInt64(start, true)),
  12: (view, start) => view.getFloat64(start, true),
};

export function isScalarType(type: number): type is ScalarType {
  return Object.hasOwn(SCALAR_BYTES, type);
}
