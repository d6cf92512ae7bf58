import { concat } from "uint8arrays/concat";
import { RpcWireError } from "./wire_error.ts";

/** The events, in the order of the bytes: all `bytes` in a row are those that were pushed. */
export type WireEvent =
  | WireHead
  | WireData;

/** A piece of a payload. */
export interface WireData {
  readonly kind: "data";
  readonly bytes: Uint8Array;
  /** Bytes of this frame that are still to come. */
  readonly rest: number;
}

/** The beginning of a frame: its header, and as much of its payload as was asked for. */
export interface WireHead {
  readonly kind: "head";
  /** Of a request; 0 in replies, which name none. */
  readonly command: number;
  /** Length of the payload. */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
  /** Payload bytes that follow as data. */
  readonly rest: number;
}

/** How much of a payload is needed at once; never more than {@linkcode MAX_PREFIX_BYTES} is held. */
export type PrefixBytes = (command: number) => number;

/** Holds the largest request that is looked at whole: GET_ALLOC_SIZE with 3,260 bytes. */
export const MAX_PREFIX_BYTES = 4096;

const SIZE_BYTES = 8;

/**
 * Cuts one direction of an RPC connection into frames while it passes. Holds the beginning of a frame
 * and nothing else: a payload passes in the pieces in which it comes, whatever length it claims.
 */
export class WireDecoder {
  readonly #sizeAt: number;
  readonly #prefixBytes: PrefixBytes;
  #held: Uint8Array = new Uint8Array(0);
  #rest = 0;

  /** @param prefixBytes asked once a frame, when its header is whole. */
  constructor(direction: "requests" | "replies", prefixBytes: PrefixBytes) {
    this.#sizeAt = direction === "requests" ? 1 : 0;
    this.#prefixBytes = prefixBytes;
  }

  /** Whether a frame has begun and not ended. */
  get inFrame(): boolean {
    return this.#rest > 0 || this.#held.length > 0;
  }

  /**
   * The next events, made one by one: what is asked of `prefixBytes` may depend on the event before.
   * They point into `bytes`, and are to be taken to the end.
   * @throws {RpcWireError} where the bytes can't be RPC.
   */
  *push(bytes: Uint8Array): Generator<WireEvent, void, undefined> {
    for (let at = 0; at < bytes.length;) {
      if (this.#rest > 0) {
        const piece = bytes.subarray(at, at + this.#rest);
        this.#rest -= piece.length;
        at += piece.length;
        yield { kind: "data", bytes: piece, rest: this.#rest };
        continue;
      }
      const held = this.#held.length;
      const head = held === 0 ? this.#head(bytes.subarray(at)) : this.#headWith(bytes.subarray(at));
      if (head === undefined) return;
      at += head.bytes.length - held;
      this.#rest = head.rest;
      yield head;
    }
  }

  /**
   * Follows whole headers only, and makes no events: of a token's bytes nothing else is of use. Stops before a header
   * that `pass` refuses or that is cut, and answers how many bytes lie before it; those behind are to be pushed.
   */
  skim(bytes: Uint8Array, pass: (command: number, size: number) => boolean): number {
    const headerBytes = this.#sizeAt + SIZE_BYTES;
    if (this.#held.length > 0) return 0;
    for (let at = 0;;) {
      const passing = Math.min(this.#rest, bytes.length - at);
      this.#rest -= passing;
      at += passing;
      if (bytes.length - at < headerBytes) return at;
      const size = readSize(bytes, at + this.#sizeAt);
      if (!pass(this.#sizeAt === 0 ? 0 : bytes[at]!, size)) return at;
      this.#rest = size;
      at += headerBytes;
    }
  }

  /** A head from what was held before and what came now. */
  #headWith(bytes: Uint8Array): WireHead | undefined {
    const most = this.#sizeAt + SIZE_BYTES + MAX_PREFIX_BYTES;
    const joined = concat([this.#held, bytes.subarray(0, most - this.#held.length)]);
    return this.#head(joined);
  }

  #head(bytes: Uint8Array): WireHead | undefined {
    const headerBytes = this.#sizeAt + SIZE_BYTES;
    if (bytes.length < headerBytes) return this.#hold(bytes);
    const command = this.#sizeAt === 0 ? 0 : bytes[0] ?? 0;
    const size = readSize(bytes, this.#sizeAt);
    const prefix = Math.min(size, this.#prefixBytes(command), MAX_PREFIX_BYTES);
    const end = headerBytes + prefix;
    if (bytes.length < end) return this.#hold(bytes);
    this.#held = new Uint8Array(0);
    return {
      kind: "head",
      command,
      size,
      bytes: bytes.subarray(0, end),
      payload: bytes.subarray(headerBytes, end),
      rest: size - prefix,
    };
  }

  #hold(bytes: Uint8Array): undefined {
    this.#held = bytes.slice();
  }
}

function readSize(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  if (Number.isSafeInteger(size)) return size;
  throw new RpcWireError(`Could not read an RPC frame: it claims ${size} bytes`);
}
