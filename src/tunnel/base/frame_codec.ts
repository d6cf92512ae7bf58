import { concat } from "uint8arrays/concat";
import { FrameError } from "./errors.ts";

/** A typed piece of a stream: type u8, length u32 big-endian, payload. */
export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 5;

export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  return concat([encodeFrameHeader(type, payload.length), payload]);
}

/** The header before a payload, for one that is not to be copied. */
export function encodeFrameHeader(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes[0] = type;
  new DataView(bytes.buffer).setUint32(1, length);
  return bytes;
}

/**
 * Cuts a byte stream into frames: `push` what came, then `next` until it has none. Memory grows with
 * the bytes that came, never with the length that they claim.
 */
export class FrameDecoder {
  readonly #limits: ReadonlyMap<number, number>;
  #store: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  /** Whether `#store` is ours to write into; a pushed chunk is not. */
  #owned = false;
  /** Payload of a flowing frame that is still to come. */
  #flowing = 0;
  readonly #flows: number | undefined;
  readonly #wholeBytes: number;
  readonly #otherLimit: number | undefined;

  /**
   * @param limits the largest payload of each known type.
   * @param flows the type whose payload is handed out as it comes, in several frames if need be.
   * @param wholeBytes payloads of that type that are no longer are handed out whole all the same.
   * @param otherLimit the largest payload of any other type; by default other types are refused.
   */
  constructor(
    limits: ReadonlyMap<number, number>,
    { flows, wholeBytes = 0, otherLimit }: {
      readonly flows?: number;
      readonly wholeBytes?: number;
      readonly otherLimit?: number;
    } = {},
  ) {
    this.#limits = limits;
    this.#flows = flows;
    this.#wholeBytes = wholeBytes;
    this.#otherLimit = otherLimit;
  }

  /** Keeps `bytes` without a copy where nothing is held: they are the caller's again after `release`. */
  push(bytes: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#store = bytes;
      this.#start = 0;
      this.#end = bytes.length;
      this.#owned = false;
      return;
    }
    if (!this.#owned || this.#end + bytes.length > this.#store.length) this.#grow(bytes.length);
    this.#store.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** @throws {FrameError} on an unknown type or a length over the limit. */
  next(): Frame | undefined {
    const bytes = this.#store.subarray(this.#start, this.#end);
    const type = bytes[0];
    if (type === undefined) return undefined;
    if (this.#flowing > 0) return this.#flow(bytes);
    const limit = this.#limits.get(type) ?? this.#otherLimit;
    if (limit === undefined) {
      throw new FrameError(`Could not read a frame: type ${type} is not expected here`);
    }
    if (bytes.length < HEADER_BYTES) return undefined;
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
    if (length > limit) {
      throw new FrameError(
        `Could not read a frame of type ${type}: it claims ${length} bytes, ${limit} are allowed`,
      );
    }
    if (type === this.#flows && length > this.#wholeBytes) {
      this.#start += HEADER_BYTES;
      this.#flowing = length;
      return this.next();
    }
    const end = HEADER_BYTES + length;
    if (bytes.length < end) return undefined;
    this.#start += end;
    return { type, payload: bytes.subarray(HEADER_BYTES, end) };
  }

  #flow(bytes: Uint8Array): Frame {
    const payload = bytes.subarray(0, this.#flowing);
    this.#flowing -= payload.length;
    this.#start += payload.length;
    return { type: this.#flows!, payload };
  }

  /** Looks no more at what was pushed: the beginning of a frame is copied. Payloads handed out still do. */
  release(): void {
    if (!this.#owned) this.#grow(0);
  }

  /** The bytes behind the last frame, for a stream that goes on unframed. */
  rest(): Uint8Array {
    return this.#store.subarray(this.#start, this.#end);
  }

  /** Never moves bytes inside a store: payloads handed out still point into it. */
  #grow(extra: number): void {
    const held = this.rest();
    const grown = new Uint8Array(Math.max(held.length + extra, 2 * held.length));
    grown.set(held);
    this.#store = grown;
    this.#start = 0;
    this.#end = held.length;
    this.#owned = true;
  }
}
