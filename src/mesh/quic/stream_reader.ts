import type { NativeStream } from "./native.ts";
import { ReadSize } from "./read_size.ts";

/** The side of the stream that its reader tells and asks. */
export interface StreamReaderEvents {
  /** Nothing that came before waits to be taken, and more is wanted. */
  readonly isWanted: () => boolean;
  /** Bytes have come that no `read` waits for. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The peer has ended its side; called once. */
  readonly onEnd: () => void;
  readonly onError: (error: unknown) => void;
}

/** Reads a native stream, one read at a time and as fast as its bytes are taken. The counterpart of `StreamWriter`. */
export class StreamReader {
  readonly #native: NativeStream;
  readonly #events: StreamReaderEvents;
  #isReading = false;
  #isOver = false;
  /** After an error the addon calls the next read a clean end, so there is none. */
  #isBroken = false;
  readonly #size = new ReadSize();
  #waiting: PromiseWithResolvers<Uint8Array | null> | undefined;
  #lent: Uint8Array | undefined;
  #failure: Error | undefined;

  constructor(native: NativeStream, events: StreamReaderEvents) {
    this.#native = native;
    this.#events = events;
  }

  /** The peer has ended its side, or nobody listens to it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A `read` waits for the next bytes. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** The next bytes that come; `null` at the end. */
  read(): Promise<Uint8Array | null> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#isOver) return Promise.resolve(null);
    this.#waiting = Promise.withResolvers();
    this.readOn();
    return this.#waiting.promise;
  }

  /** Begins the next native read, if it is time for one. */
  readOn(): void {
    if (this.#isReading || this.#isOver || this.#isBroken || !this.#events.isWanted()) return;
    this.#isReading = true;
    this.#native.read(this.#size.next).then(
      (bytes) => this.#onRead(bytes),
      (error) => this.#onError(error),
    );
  }

  /** The caller may give them back by `recycle`. */
  lend(bytes: Uint8Array): Uint8Array {
    this.#lent = bytes.byteLength === bytes.buffer.byteLength ? bytes : undefined;
    return bytes;
  }

  recycle(bytes: Uint8Array): void {
    if (bytes !== this.#lent) return;
    this.#lent = undefined;
    (bytes.buffer as ArrayBuffer).transfer(0);
  }

  /** Reads no more. The addon tells the peer once the read that is under way has returned; its bytes are dropped. */
  stop(): void {
    this.#settle()?.resolve(null);
    if (!this.#isOver) this.#native.stopRead().then(() => this.#end(), () => undefined);
  }

  /** Every `read` from now on meets this. */
  fail(reason: Error): void {
    this.#failure = reason;
    this.#settle()?.reject(reason);
  }

  /** The same, and the peer is told that nobody reads. */
  abort(reason: Error): void {
    if (!this.#isOver) this.#native.stopRead().catch(() => undefined);
    this.fail(reason);
  }

  #onRead(bytes: Uint8Array | null): void {
    this.#isReading = false;
    if (bytes === null) return this.#end();
    this.#size.brought(bytes.byteLength);
    const waiting = this.#settle();
    if (waiting !== undefined) waiting.resolve(this.lend(bytes));
    else this.#events.onBytes(bytes);
    this.readOn();
  }

  #onError(error: unknown): void {
    this.#isReading = false;
    this.#isBroken = true;
    this.#events.onError(error);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const waiting = this.#settle();
    this.#events.onEnd();
    waiting?.resolve(null);
  }

  #settle(): PromiseWithResolvers<Uint8Array | null> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
