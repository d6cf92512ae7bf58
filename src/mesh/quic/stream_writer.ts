import { joinBytes } from "../../base/join_bytes.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { COALESCE_MAX_BYTES, STREAM_QUEUE_BYTES, WRITE_BATCH_BYTES } from "./limits.ts";
import type { NativeStream } from "./native.ts";

interface Entry {
  readonly bytes: Uint8Array;
  /** Set if somebody waits for the bytes to leave. */
  readonly sent: PromiseWithResolvers<void> | undefined;
}

export interface StreamWriterOptions {
  readonly budget: ByteBudget;
  /** The addon refused a write; the writer fails only when it is told to. */
  readonly onError: (error: unknown) => void;
  /** There is room again after `offer` said that there is none. */
  readonly onRoom: () => void;
}

/**
 * The writing side of a native stream: one write at a time, in order. Small writes are copied and
 * gathered while the addon is busy; large ones are handed on as they are, and their writer waits.
 */
export class StreamWriter {
  readonly #native: NativeStream;
  readonly #options: StreamWriterOptions;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  #isRoomAwaited = false;
  #failure: Error | undefined;
  /** Runs while something waits for a write to go with. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(native: NativeStream, options: StreamWriterOptions) {
    this.#native = native;
    this.#options = options;
  }

  /** Whether the next small write has to wait. One write is always taken. */
  get isFull(): boolean {
    if (this.#queuedBytes === 0) return false;
    return this.#queuedBytes >= STREAM_QUEUE_BYTES || this.#options.budget.isSpent;
  }

  /**
   * Resolves when more may be written; the buffer is free again then. Once it rejects, the addon may
   * still be reading the buffer.
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (bytes.byteLength === 0) return;
    if (bytes.byteLength <= COALESCE_MAX_BYTES && !this.isFull) return this.#push(bytes.slice());
    const sent = Promise.withResolvers<void>();
    this.#push(bytes, sent);
    await sent.promise;
  }

  /**
   * Sends a few bytes with the next write, as one piece, or by themselves where none comes for a while: each write is a
   * way to the addon, a packet, and a read at the other end. Takes over a buffer that nobody will change.
   */
  writeSoon(bytes: Uint8Array, withinMs: number): void {
    if (this.#failure !== undefined) return;
    this.#enqueue(bytes);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flushLate();
    }, withinMs);
  }

  /** Takes over a buffer that nobody will change. @returns whether there is room for more. */
  offer(bytes: Uint8Array): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    if (bytes.byteLength > 0) this.#push(bytes);
    this.#isRoomAwaited ||= this.isFull;
    return !this.#isRoomAwaited;
  }

  /** Sends the end of the stream behind all that was written. */
  async finish(): Promise<void> {
    this.#flushLate();
    while (this.#idle !== undefined) await this.#idle.promise;
    if (this.#failure !== undefined) throw this.#failure;
    await this.#native.finishWrite();
  }

  /** Drops what has not left yet, and ends all waits for it at once. Only the first reason counts. */
  fail(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    clearTimeout(this.#timer);
    for (const { sent } of this.#queue) sent?.reject(reason);
    this.#options.budget.giveBack(this.#queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  #push(bytes: Uint8Array, sent?: PromiseWithResolvers<void>): void {
    this.#enqueue(bytes, sent);
    if (this.#idle === undefined) this.#flush();
  }

  /** Bytes that wait for a write to go with are sent by themselves. */
  #flushLate(): void {
    if (this.#idle === undefined && this.#queue.length > 0) this.#flush();
  }

  #enqueue(bytes: Uint8Array, sent?: PromiseWithResolvers<void>): void {
    this.#queue.push({ bytes, sent });
    this.#queuedBytes += bytes.byteLength;
    this.#options.budget.take(bytes.byteLength);
  }

  /** Never rejects: an error goes to `onError`. */
  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#idle = Promise.withResolvers();
    try {
      while (this.#queue.length > 0) {
        const entries = nextBatch(this.#queue);
        await this.#native.write(joinBytes(entries.map(({ bytes }) => bytes)));
        if (this.#failure !== undefined) return;
        this.#forget(entries);
      }
    } catch (error) {
      if (this.#failure === undefined) this.#options.onError(error);
      return;
    }
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  #forget(entries: readonly Entry[]): void {
    const size = byteLength(entries);
    this.#queue.splice(0, entries.length);
    this.#queuedBytes -= size;
    this.#options.budget.giveBack(size);
    for (const { sent } of entries) sent?.resolve();
    if (!this.#isRoomAwaited || this.isFull) return;
    this.#isRoomAwaited = false;
    this.#options.onRoom();
  }
}

/** The first write, and those behind it for as long as all of them together are small. */
function nextBatch(queue: readonly Entry[]): readonly Entry[] {
  let count = 0;
  let size = 0;
  for (const { bytes } of queue) {
    size += bytes.byteLength;
    if (count > 0 && size > WRITE_BATCH_BYTES) break;
    count += 1;
  }
  return queue.slice(0, count);
}

function byteLength(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
