/**
 * Frames on a connection of the lane: a byte for the kind, three for the length, the bytes. TLS alone would not do: a
 * process that ends closes its connections in order, so that an answer which was cut off looks like a whole one.
 */

import { MAX_CONTROL_BYTES, MAX_FRAME_BYTES } from "./defaults.ts";

export const FRAME_HEAD_BYTES = 4;

export const FRAME = {
  data: 0,
  /** Nothing more comes from this end. */
  end: 1,
  /** The stream is given up. */
  reset: 2,
  alive: 3,
  /** The secret, by who has opened the connection. */
  greet: 4,
  /** A stream begins: the name of its protocol. */
  open: 5,
  /** The answer to `greet` and to `open`. */
  agree: 6,
} as const;

export type FrameKind = typeof FRAME[keyof typeof FRAME];

/** A frame that is no data; or data, of which only a part may have come. */
export interface Frame {
  readonly kind: FrameKind;
  readonly bytes: Uint8Array;
}

/** The other end sends what no honest one does. */
export class BadFrameError extends Error {
  override name = "BadFrameError";
}

const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME));

/** Writes a frame's head; answers with where its bytes begin. */
export function putHead(buffer: Uint8Array, at: number, kind: FrameKind, length: number): number {
  buffer[at] = kind;
  buffer[at + 1] = length >> 16;
  buffer[at + 2] = (length >> 8) & 0xff;
  buffer[at + 3] = length & 0xff;
  return at + FRAME_HEAD_BYTES;
}

export function frame(kind: FrameKind, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  const whole = new Uint8Array(FRAME_HEAD_BYTES + bytes.byteLength);
  whole.set(bytes, putHead(whole, 0, kind, bytes.byteLength));
  return whole;
}

/** A region of a buffer that is read, from its front. */
export interface Region {
  readonly buffer: Uint8Array;
  from: number;
  to: number;
}

/** Finds the frames in what has come, in place and without a copy of what is large. */
export class FrameParser {
  /** Bytes of the data frame that is under way. */
  #rest = 0;

  /**
   * The next frame of the region, which it is taken from; of several data frames in a row the bytes, moved together.
   * `undefined` where more has to come first. @throws {BadFrameError}
   */
  next(region: Region): Frame | undefined {
    const { buffer } = region;
    let begin = -1;
    let end = -1;
    for (;;) {
      const count = Math.min(this.#rest, region.to - region.from);
      if (count > 0 && begin < 0) {
        begin = region.from;
        end = begin + count;
      } else if (count > 0) {
        buffer.copyWithin(end, region.from, region.from + count);
        end += count;
      }
      region.from += count;
      this.#rest -= count;
      if (region.to - region.from < FRAME_HEAD_BYTES) break;
      const head = headAt(buffer, region.from);
      if (head.kind === FRAME.data) {
        region.from += FRAME_HEAD_BYTES;
        this.#rest = head.length;
      } else if (head.kind === FRAME.alive && head.length === 0) {
        region.from += FRAME_HEAD_BYTES;
      } else if (begin < 0) {
        return control(region, head);
      } else break;
    }
    return begin < 0 ? undefined : { kind: FRAME.data, bytes: buffer.subarray(begin, end) };
  }
}

interface Head {
  readonly kind: FrameKind;
  readonly length: number;
}

function headAt(buffer: Uint8Array, at: number): Head {
  const kind = buffer[at]!;
  const length = (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
  if (!KINDS.has(kind)) throw new BadFrameError(`A frame of the unknown kind ${kind} came`);
  const most = kind === FRAME.data ? MAX_FRAME_BYTES : MAX_CONTROL_BYTES;
  if (length > most) throw new BadFrameError(`A frame of ${length} bytes came, more than allowed`);
  return { kind: kind as FrameKind, length };
}

function control(region: Region, { kind, length }: Head): Frame | undefined {
  const end = region.from + FRAME_HEAD_BYTES + length;
  if (end > region.to) return undefined;
  const bytes = region.buffer.slice(region.from + FRAME_HEAD_BYTES, end);
  region.from = end;
  return { kind, bytes };
}
