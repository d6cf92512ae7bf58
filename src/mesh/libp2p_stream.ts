import type { Stream, StreamMessageEvent } from "@libp2p/interface";
import type { ByteStream } from "./byte_stream.ts";
import { MAX_FRAME_BYTES, STREAM_LINGER_MS, STREAM_WINDOW_BYTES } from "./defaults.ts";
import { type Frame, FrameDecoder, frameHeader, type FrameKind } from "./stream_frames.ts";
import { Waker } from "./waker.ts";

/** The peer reset the stream, or its connection was lost. */
export class StreamBrokenError extends Error {
  override name = "StreamBrokenError";
}

/**
 * A libp2p stream as a ByteStream. It listens from the moment of its making, so that nothing which
 * arrived before the first read is missed, and holds at most one window of unread bytes.
 */
export class Libp2pStream implements ByteStream {
  readonly #stream: Stream;
  readonly #decoder = new FrameDecoder();
  readonly #readable = new Waker();
  readonly #writable = new Waker();
  readonly #ended = Promise.withResolvers<void>();
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #ungrantedBytes = 0;
  #creditBytes = STREAM_WINDOW_BYTES;
  #localEnded = false;
  #remoteEnded = false;
  #error: Error | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.addEventListener("message", (event) => this.#onMessage(event));
    stream.addEventListener("drain", () => this.#writable.wake());
    stream.addEventListener("end", () => this.#onTransportEnd());
    stream.addEventListener("close", () => this.#onTransportEnd());
    const nothingLeft = stream.remoteWriteStatus === "closed" && stream.readBufferLength === 0;
    if (nothingLeft || stream.status !== "open") this.#onTransportEnd();
  }

  /** Resolves when both directions have ended or the stream broke; never rejects. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async read(): Promise<Uint8Array | null> {
    while (this.#unread.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#remoteEnded) return null;
      await this.#readable.wait();
    }
    return this.#takeUnread();
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.byteLength;) {
      const room = await this.#room();
      const part = bytes.subarray(offset, offset + Math.min(room, MAX_FRAME_BYTES));
      this.#creditBytes -= part.byteLength;
      this.#send("data", part.byteLength, part);
      offset += part.byteLength;
    }
  }

  async closeWrite(): Promise<void> {
    if (this.#localEnded) return;
    await this.#drained();
    this.#localEnded = true;
    this.#send("end", 0);
    this.#finishIfBothEnded();
  }

  reset(reason: Error): void {
    if (this.#error !== undefined || this.#isFinished) return;
    this.#error = reason;
    this.#unread = [];
    this.#readable.wake();
    this.#writable.wake();
    this.#stream.abort(reason);
    this.#ended.resolve();
  }

  /**
   * Ends what its user left open: an answer that was finished still reaches a peer which has more to
   * say, anything else is reset.
   */
  async release(): Promise<void> {
    if (!this.#localEnded) this.reset(new StreamBrokenError("The stream was left unfinished"));
    if (this.#isFinished || this.#error !== undefined) return;
    const timer = setTimeout(
      () => this.reset(new StreamBrokenError("The peer did not end its side of the stream")),
      STREAM_LINGER_MS,
    );
    await this.#ended.promise;
    clearTimeout(timer);
  }

  get #isFinished(): boolean {
    return this.#localEnded && this.#remoteEnded;
  }

  #takeUnread(): Uint8Array {
    let count = 0;
    let size = 0;
    for (const chunk of this.#unread) {
      if (count > 0 && size + chunk.byteLength > MAX_FRAME_BYTES) break;
      size += chunk.byteLength;
      count += 1;
    }
    const chunks = this.#unread.splice(0, count);
    this.#unreadBytes -= size;
    this.#grant(size);
    return joinChunks(chunks, size);
  }

  #grant(bytes: number): void {
    this.#ungrantedBytes += bytes;
    if (this.#ungrantedBytes < STREAM_WINDOW_BYTES / 4 || this.#remoteEnded) return;
    if (this.#error !== undefined) return;
    this.#send("credit", this.#ungrantedBytes);
    this.#ungrantedBytes = 0;
  }

  /** Bytes that may be sent now: waits for credit, and for the bytes before to leave. */
  async #room(): Promise<number> {
    await this.#drained();
    while (this.#creditBytes === 0) {
      await this.#writable.wait();
      await this.#drained();
    }
    return this.#creditBytes;
  }

  async #drained(): Promise<void> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#localEnded) throw new StreamBrokenError("Cannot write to a stream after its end");
      if (!this.#stream.writableNeedsDrain) return;
      await this.#writable.wait();
    }
  }

  #send(kind: FrameKind, length: number, payload: Uint8Array = new Uint8Array(0)): void {
    const header = frameHeader(kind, length);
    const frame = new Uint8Array(header.byteLength + payload.byteLength);
    frame.set(header);
    frame.set(payload, header.byteLength);
    try {
      this.#stream.send(frame);
    } catch (cause) {
      this.reset(new StreamBrokenError("The stream cannot be written to", { cause }));
    }
  }

  #onMessage(event: StreamMessageEvent): void {
    const bytes = event.data instanceof Uint8Array ? event.data : event.data.subarray();
    try {
      for (const frame of this.#decoder.decode(bytes)) this.#onFrame(frame);
    } catch (error) {
      this.reset(error as Error);
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#error !== undefined) return;
    if (frame.kind === "credit") this.#onCredit(frame.bytes);
    else if (this.#remoteEnded) throw new StreamBrokenError("The peer wrote after its end");
    else if (frame.kind === "data") this.#onData(frame.bytes);
    else this.#onRemoteEnd();
  }

  #onCredit(bytes: number): void {
    this.#creditBytes = Math.min(this.#creditBytes + bytes, STREAM_WINDOW_BYTES);
    this.#writable.wake();
  }

  #onData(bytes: Uint8Array): void {
    this.#unreadBytes += bytes.byteLength;
    if (this.#unreadBytes > STREAM_WINDOW_BYTES) {
      throw new StreamBrokenError("The peer sent more than it was granted");
    }
    this.#unread.push(bytes);
    this.#readable.wake();
  }

  #onRemoteEnd(): void {
    this.#remoteEnded = true;
    this.#readable.wake();
    this.#finishIfBothEnded();
  }

  /** Only now the transport's own end is sent: after it an abort would not reach the peer. */
  #finishIfBothEnded(): void {
    if (!this.#isFinished) return;
    this.#stream.close().catch(() => undefined);
    this.#ended.resolve();
  }

  #onTransportEnd(): void {
    if (this.#isFinished) return;
    this.reset(new StreamBrokenError("The peer reset the stream, or its connection was lost"));
  }
}

function joinChunks(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const joined = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return joined;
}
