/**
 * Frames inside a libp2p stream. The stock QUIC stream tells neither a reset nor a lost connection
 * from a clean end, and never stops reading; so the end is said in words here, and a sender spends
 * credit that the reader grants. A transport that does both by itself needs no frames.
 */

const HEADER_BYTES = 5;

/** `data` is followed by its payload; `credit` carries a number of bytes in the length field. */
const KINDS = ["data", "end", "credit"] as const;

export type FrameKind = (typeof KINDS)[number];

export type Frame =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "credit"; readonly bytes: number };

/** The peer sent what no frame looks like. */
export class BadFrameError extends Error {
  override name = "BadFrameError";
}

export function frameHeader(kind: FrameKind, length: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = KINDS.indexOf(kind);
  new DataView(header.buffer).setUint32(1, length);
  return header;
}

/** Cuts incoming bytes into frames; a payload is passed on as it arrives, never gathered. */
export class FrameDecoder {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #payloadLeft = 0;

  /** @throws {BadFrameError} after which the stream is of no more use. */
  *decode(chunk: Uint8Array): Generator<Frame> {
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (this.#payloadLeft > 0) {
        const bytes = rest.subarray(0, this.#payloadLeft);
        this.#payloadLeft -= bytes.byteLength;
        rest = rest.subarray(bytes.byteLength);
        yield { kind: "data", bytes };
        continue;
      }
      rest = rest.subarray(this.#takeHeader(rest));
      if (this.#headerBytes === HEADER_BYTES) yield* this.#openFrame();
    }
  }

  #takeHeader(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, HEADER_BYTES - this.#headerBytes);
    this.#header.set(taken, this.#headerBytes);
    this.#headerBytes += taken.byteLength;
    return taken.byteLength;
  }

  *#openFrame(): Generator<Frame> {
    this.#headerBytes = 0;
    const kind = KINDS[this.#header[0] ?? KINDS.length];
    const length = new DataView(this.#header.buffer).getUint32(1);
    if (kind === "data") this.#payloadLeft = length;
    else if (kind === "credit") yield { kind, bytes: length };
    else if (kind === "end") yield { kind };
    else throw new BadFrameError(`The peer sent a frame of unknown kind ${this.#header[0]}`);
  }
}
