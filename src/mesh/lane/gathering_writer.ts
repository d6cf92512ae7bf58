import { MAX_FRAME_BYTES, MAX_GATHERED_BYTES, QUIET_WRITE_BYTES } from "./defaults.ts";
import { FRAME, FRAME_HEAD_BYTES, type FrameKind, putHead } from "./frames.ts";

/** The part of a connection that is written to. */
export interface Writable {
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Writes frames to a connection. Bytes that come while it is busy are copied and gathered, and leave as one
 * piece: each piece is a call to the system, a record of TLS, and a read at the other end.
 */
export class GatheringWriter {
  readonly #connection: Writable;
  readonly #onError: (error: unknown) => void;
  #filling = new Uint8Array(QUIET_WRITE_BYTES);
  #filled = 0;
  /** The buffer that is free while none leaves. */
  #other = new Uint8Array(0);
  /** Set while bytes leave. */
  #leaving: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;
  /** Since `takeActivity` was called last. */
  #isActive = false;

  /** @param onError the connection refused a write; the writer fails only when it is told to */
  constructor(connection: Writable, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.#onError = onError;
  }

  /** Resolves when more may be written; the buffer is free again then. One write at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#failure !== undefined) throw this.#failure;
      const room = MAX_GATHERED_BYTES - this.#filled - FRAME_HEAD_BYTES;
      const count = Math.min(bytes.byteLength - at, MAX_FRAME_BYTES);
      if (room < count) await this.#leaving?.promise;
      else this.send(FRAME.data, bytes.subarray(at, at += count));
    }
  }

  /** Sends a short frame, behind all that was written. */
  send(kind: FrameKind, bytes: Uint8Array = new Uint8Array(0)): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#makeRoom(this.#filled + FRAME_HEAD_BYTES + bytes.byteLength);
    const begin = putHead(this.#filling, this.#filled, kind, bytes.byteLength);
    this.#filling.set(bytes, begin);
    this.#filled = begin + bytes.byteLength;
    this.#isActive = true;
    if (this.#leaving === undefined) void this.#leave();
  }

  /** Resolves once everything has left. @throws the reason for which it never will */
  async flushed(): Promise<void> {
    while (this.#leaving !== undefined) await this.#leaving.promise;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Whether anything was written, or still leaves, since this was asked last. */
  takeActivity(): boolean {
    const isActive = this.#isActive || this.#leaving !== undefined;
    this.#isActive = false;
    return isActive;
  }

  /** Drops what has not left yet, and ends all waits for it. Only the first reason counts. */
  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#filled = 0;
    this.#leaving?.resolve();
    this.#leaving = undefined;
  }

  /** Never rejects: an error goes to `onError`. */
  async #leave(): Promise<void> {
    this.#leaving = Promise.withResolvers();
    // Several writes in a row leave as one piece.
    await undefined;
    try {
      while (this.#filled > 0) {
        const leaving = this.#filling;
        const bytes = leaving.subarray(0, this.#filled);
        this.#filling = this.#other.byteLength > 0
          ? this.#other
          : new Uint8Array(QUIET_WRITE_BYTES);
        this.#filled = 0;
        // Writers that waited for room fill the other buffer meanwhile.
        this.#tellRoom();
        await this.#writeAll(bytes);
        if (this.#failure !== undefined) return;
        this.#other = leaving;
      }
    } catch (error) {
      if (this.#failure === undefined) this.#onError(error);
      return;
    }
    this.#leaving?.resolve();
    this.#leaving = undefined;
  }

  #tellRoom(): void {
    const told = this.#leaving;
    this.#leaving = Promise.withResolvers();
    told?.resolve();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength && this.#failure === undefined;) {
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  #makeRoom(wanted: number): void {
    let size = this.#filling.byteLength;
    if (wanted <= size) return;
    while (size < wanted) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.#filling.subarray(0, this.#filled));
    this.#filling = larger;
  }
}
