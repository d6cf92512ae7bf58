import { reasonOf } from "../../base/as_error.ts";
import { ConnectionLostError } from "../quic/mod.ts";
import { LANE_READ_BYTES } from "./defaults.ts";
import { FRAME, type Frame, FrameParser, type Region } from "./frames.ts";
import { GatheringWriter, type Writable } from "./gathering_writer.ts";

/** The part of a TLS connection that the lane uses. */
export interface LaneConnection extends Writable {
  read(buffer: Uint8Array): Promise<number | null>;
  close(): void;
}

/** Room that is worth a read. */
const LEAST_READ_BYTES = LANE_READ_BYTES / 4;

/** Frames both ways on one connection. */
export class LaneChannel {
  readonly writer: GatheringWriter;
  readonly #connection: LaneConnection;
  readonly #parser = new FrameParser();
  #region: Region = { buffer: new Uint8Array(0), from: 0, to: 0 };
  /** Pieces of the region's buffer that somebody looks at. */
  #lent = 0;
  #last: Uint8Array | undefined;
  #failure: Error | undefined;
  #hasHeard = false;
  /** Resolves with the reason once the connection is closed here. */
  readonly closed: Promise<Error>;
  readonly #tellClosed: (reason: Error) => void;

  constructor(connection: LaneConnection) {
    this.#connection = connection;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.closed = promise;
    this.#tellClosed = resolve;
    this.writer = new GatheringWriter(
      connection,
      (cause) => this.close(new ConnectionLostError(reasonOf(cause), { cause })),
    );
  }

  /** The next frame; `null` where the connection has ended in order. @throws the reason of `close`, or what broke it */
  async next(): Promise<Frame | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const frame = this.#parser.next(this.#region);
      if (frame !== undefined) return frame.kind === FRAME.data ? this.#lend(frame) : frame;
      if (!await this.#fill()) return null;
    }
  }

  /** Gives the bytes of the last frame back. */
  recycle(bytes: Uint8Array): void {
    if (bytes !== this.#last) return;
    this.#last = undefined;
    this.#lent -= 1;
  }

  /** Whether bytes have come since this was asked last. */
  takeHeard(): boolean {
    const hasHeard = this.#hasHeard;
    this.#hasHeard = false;
    return hasHeard;
  }

  /** Ends the connection, and all that waits for it. Bytes that have left still arrive. */
  close(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.writer.fail(reason);
    this.#connection.close();
    this.#tellClosed(reason);
  }

  #lend(frame: Frame): Frame {
    this.#lent += 1;
    this.#last = frame.bytes;
    return frame;
  }

  async #fill(): Promise<boolean> {
    const region = this.#withRoom();
    try {
      const count = await this.#connection.read(region.buffer.subarray(region.to));
      if (this.#failure !== undefined) throw this.#failure;
      if (count === null) return false;
      region.to += count;
      this.#hasHeard = true;
      return true;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  /** Reads on behind what is lent while there is room, and from the front of the buffer as soon as nothing is. */
  #withRoom(): Region {
    const { buffer, from, to } = this.#region;
    if (this.#lent > 0 && buffer.byteLength - to >= LEAST_READ_BYTES) return this.#region;
    const isFree = this.#lent === 0 && buffer.byteLength > 0;
    const next = isFree ? buffer : new Uint8Array(LANE_READ_BYTES);
    // Both may be the same buffer: `set` copies as if the bytes were elsewhere.
    next.set(buffer.subarray(from, to));
    if (!isFree) this.#last = undefined;
    this.#lent = 0;
    this.#region = { buffer: next, from: 0, to: to - from };
    return this.#region;
  }
}
