import { asError } from "../../base/as_error.ts";
import { raceSignal } from "../../base/race_signal.ts";
import {
  type AbortOptions,
  type Logger,
  type StreamCloseEvent,
  StreamStateError,
} from "@libp2p/interface";
import { AbstractStream, type SendResult } from "@libp2p/utils";
import type { ByteStream } from "../base/byte_stream.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { LINGER_MS, MAX_UNSENT_BYTES, READ_BYTES } from "./limits.ts";
import {
  streamFailure,
  StreamResetByPeerError,
  StreamStoppedByPeerError,
} from "./stream_errors.ts";
import type { NativeStream } from "./native.ts";
import { StreamReader } from "./stream_reader.ts";
import { StreamWriter } from "./stream_writer.ts";

/** The events of a stream, for the connection that carries it. */
export interface StreamOwner {
  readonly budget: ByteBudget;
  /** Bytes have come that nobody reads: nothing more is read. */
  readonly onBehind: (stream: QuicStream) => void;
  readonly onCaughtUp: (stream: QuicStream) => void;
  /** Why the connection ended. */
  readonly lost: () => Error;
}

export interface QuicStreamInit {
  readonly native: NativeStream;
  readonly direction: "inbound" | "outbound";
  readonly log: Logger;
  readonly owner: StreamOwner;
}

/**
 * A QUIC stream in two roles. libp2p's own protocols and the negotiation get `message` events, as
 * from any libp2p stream. Everybody else reads and writes at their own pace by `read`, `write`,
 * `closeWrite` and `reset`, past js-libp2p's queues; `byteStreamOf` gives that view.
 *
 * One native read is under way while nothing that came before it waits to be taken: reading stops
 * with the consumer, and the peer with it, by QUIC's flow control. On an outbound stream the first
 * one begins with the first write.
 *
 * Not a subclass of upstream's `QuicStream`: that one is not exported, keeps the native stream in a
 * private field, and starts to read by 4 KiB in its constructor, without a way to make it stop.
 */
export class QuicStream extends AbstractStream implements ByteStream {
  readonly #native: NativeStream;
  readonly #owner: StreamOwner;
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;
  readonly #ended = Promise.withResolvers<void>();
  /** libp2p negotiates no protocol for it: see `OptimisticStream`. */
  isOptimistic = false;
  #isWriteOver = false;

  constructor({ native, direction, log, owner }: QuicStreamInit) {
    super({ id: native.id(), direction, log, maxWriteBufferLength: MAX_UNSENT_BYTES });
    this.#native = native;
    this.#owner = owner;
    this.#reader = new StreamReader(native, {
      isWanted: () => this.readBuffer.byteLength === 0 && !isClosing(this.readStatus),
      onBytes: (bytes) => {
        this.onData(bytes);
        if (this.readBuffer.byteLength > 0) this.#owner.onBehind(this);
      },
      onEnd: () => this.onRemoteCloseWrite(),
      onError: (error) => this.#onReadError(error),
    });
    this.#writer = new StreamWriter(native, {
      budget: owner.budget,
      onError: (error) => this.#onWriteError(error),
      onRoom: () => this.safeDispatchEvent("drain"),
    });
    this.addEventListener("close", () => {
      this.#owner.onCaughtUp(this);
      this.#ended.resolve();
    });
    // The peer learns of an outbound stream by the first write, which a read before it would delay by 0.1 ms.
    if (direction === "inbound") this.#reader.readOn();
  }

  /** Resolves when both directions have ended or the stream broke; never rejects. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The bytes stay the caller's; `recycle` returns them early. Concurrent reads are refused. */
  read(): Promise<Uint8Array | null> {
    if (this.#reader.isWaiting) {
      return Promise.reject(new TypeError("Cannot read a stream twice at the same time"));
    }
    if (this.readBuffer.byteLength > 0) return Promise.resolve(this.#takeUnread());
    return this.#reader.read();
  }

  /**
   * Frees the bytes of the last read, which nobody may look at any more. Without it they wait for
   * the garbage collector, which at full speed comes 200 MB later.
   */
  recycle(bytes: Uint8Array): void {
    this.#reader.recycle(bytes);
  }

  /** After a rejection the addon may still be reading the buffer: do not fill it anew. */
  write(bytes: Uint8Array): Promise<void> {
    const writing = this.#writer.write(bytes);
    this.#reader.readOn();
    return writing;
  }

  /** With the next write, or by itself when that does not come: see `StreamWriter`. */
  writeSoon(bytes: Uint8Array, withinMs: number): void {
    this.#writer.writeSoon(bytes, withinMs);
  }

  async closeWrite(): Promise<void> {
    if (this.#isWriteOver) return;
    await this.write(new Uint8Array(0));
    await this.close();
  }

  /**
   * After `closeWrite` the peer learns of it only when it writes the next time: a request that may be
   * cancelled leaves its writing side open.
   */
  reset(reason: Error): void {
    if (this.readBuffer.byteLength > 0) {
      this.#reader.fail(reason);
      this.readBuffer.consume(this.readBuffer.byteLength);
    }
    this.abort(reason);
  }

  /**
   * Ends what its user left open: an answer that was finished still reaches the peer, whatever else
   * the peer says is dropped; anything unfinished is reset.
   */
  async release(lingerMs = LINGER_MS): Promise<void> {
    if (!this.#isWriteOver) this.reset(new Error("The stream was left unfinished"));
    if (this.status !== "open") return;
    await this.closeRead();
    const reason = new Error("The peer did not end its side of the stream");
    const timer = setTimeout(() => this.reset(reason), lingerMs);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  /** Pulls: unlike libp2p's own it waits for its consumer, and ends where the end came before it began. */
  override async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let bytes = await this.read(); bytes !== null; bytes = await this.read()) yield bytes;
  }

  /** libp2p's own works once for each stream, and then returns at once. */
  override onDrain({ signal }: AbortOptions = {}): Promise<void> {
    if (this.status !== "open") return Promise.reject(new StreamStateError("The stream is over"));
    if (!this.writableNeedsDrain) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onDrain = () => resolve();
    const onClose = ({ error }: StreamCloseEvent) => reject(error ?? this.#owner.lost());
    this.addEventListener("drain", onDrain);
    this.addEventListener("close", onClose);
    return within(promise, signal).finally(() => {
      this.removeEventListener("drain", onDrain);
      this.removeEventListener("close", onClose);
    });
  }

  override sendData(data: Parameters<AbstractStream["sendData"]>[0]): SendResult {
    if (this.#writer.isFull) {
      this.#writer.offer(new Uint8Array(0));
      return { sentBytes: 0, canSendMore: false };
    }
    const { byteLength } = data;
    const canSendMore = this.#writer.offer(data.subarray());
    this.#reader.readOn();
    return { sentBytes: byteLength, canSendMore };
  }

  override async sendCloseWrite({ signal }: AbortOptions = {}): Promise<void> {
    const finishing = this.#writer.finish();
    this.#reader.readOn();
    await within(finishing, signal);
    this.#isWriteOver = true;
  }

  override sendCloseRead(): Promise<void> {
    this.#reader.stop();
    return Promise.resolve();
  }

  override sendReset(reason: Error): void {
    this.#writer.fail(reason);
    this.#native.resetWrite().catch(() => undefined);
    this.#reader.abort(reason);
  }

  /** Reading itself makes the difference. */
  override sendPause(): void {}

  override sendResume(): void {
    this.#reader.readOn();
  }

  /** Every way by which `message` listeners come to their bytes leads through here. */
  protected override dispatchReadBuffer(): void {
    super.dispatchReadBuffer();
    if (this.readBuffer.byteLength === 0) this.#owner.onCaughtUp(this);
    this.#reader.readOn();
  }

  /** A stream that was read to its end stays whole, though nothing more can be written. */
  override onTransportClosed(error?: Error): void {
    if (error !== undefined) this.#writer.fail(error);
    super.onTransportClosed(this.#reader.isOver ? undefined : error);
  }

  #takeUnread(): Uint8Array {
    const bytes = this.readBuffer.subarray(0, Math.min(this.readBuffer.byteLength, READ_BYTES));
    this.readBuffer.consume(bytes.byteLength);
    if (this.readBuffer.byteLength === 0) {
      this.#owner.onCaughtUp(this);
      if (this.#reader.isOver) this.readStatus = "closed";
      this.maybeDispatchEnd();
      this.#reader.readOn();
    }
    return this.#reader.lend(bytes);
  }

  #onReadError(error: unknown): void {
    if (this.status !== "open") return;
    switch (streamFailure(error)) {
      case "reset":
        return this.#onRemoteReset(new StreamResetByPeerError({ cause: error }));
      case "connection lost":
        return; // The end of the connection ends all its streams, and knows why.
      default:
        this.abort(asError(error));
    }
  }

  /** Nobody needs the other direction either; ending it frees the slot at both ends. */
  #onRemoteReset(reason: Error): void {
    this.#writer.fail(reason);
    this.#native.resetWrite().catch(() => undefined);
    this.#reader.fail(reason);
    this.onRemoteReset();
  }

  #onWriteError(error: unknown): void {
    switch (streamFailure(error)) {
      case "stopped":
        return this.#onStopped(new StreamStoppedByPeerError({ cause: error }));
      case "connection lost":
        return;
      default:
        this.abort(asError(error));
    }
  }

  /** The peer may still send. Its wish to hear no more frees the slot only once we have agreed. */
  #onStopped(reason: Error): void {
    this.#writer.fail(reason);
    this.#native.resetWrite().catch(() => undefined);
    this.writeStatus = "closed";
    this.onRemoteCloseRead();
    if (this.remoteWriteStatus === "closed") this.onTransportClosed();
  }
}

function isClosing(status: string): boolean {
  return status === "closing" || status === "closed";
}

function within<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? promise : raceSignal(promise, signal);
}
