import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { Waker } from "../base/waker.ts";
import type { PulledStream } from "./pulled_stream.ts";
import { LINGER_MS } from "./limits.ts";

/** A stream of another transport, read and written at its user's pace as far as its class allows. */
export class ForeignStream implements PulledStream {
  readonly #stream: Stream;
  readonly #changed = new Waker();
  readonly #ended = Promise.withResolvers<void>();
  readonly #unread: Uint8Array[] = [];
  #isReadOver: boolean;
  #isWriteOver = false;
  #failure: Error | undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#isReadOver = stream.remoteWriteStatus === "closed" && stream.readBufferLength === 0;
    stream.addEventListener("message", (event) => this.#onMessage(event));
    stream.addEventListener("drain", () => this.#changed.wake());
    stream.addEventListener("remoteCloseWrite", () => this.#onEnd());
    stream.addEventListener("close", (event) => this.#onClose(event));
    if (stream.status !== "open") this.#ended.resolve();
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const bytes = this.#unread.shift();
      if (bytes !== undefined) return bytes;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isReadOver) return null;
      if (this.#stream.readStatus === "paused") this.#stream.resume();
      if (this.#unread.length === 0) await this.#changed.wait();
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#drained();
    // The stream keeps what it is given, and its writer may fill the buffer anew.
    if (bytes.byteLength > 0) this.#stream.send(bytes.slice());
    await this.#drained();
  }

  async closeWrite(): Promise<void> {
    if (this.#isWriteOver) return;
    await this.#drained();
    await this.#stream.close();
    this.#isWriteOver = true;
  }

  reset(reason: Error): void {
    this.#unread.length = 0;
    this.#failure ??= reason;
    this.#stream.abort(reason);
    this.#changed.wake();
  }

  async release(lingerMs = LINGER_MS): Promise<void> {
    if (!this.#isWriteOver) this.reset(new Error("The stream was left unfinished"));
    if (this.#stream.status !== "open") return;
    await this.#stream.closeRead();
    const reason = new Error("The peer did not end its side of the stream");
    const timer = setTimeout(() => this.reset(reason), lingerMs);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  recycle(): void {}

  async #drained(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (!this.#stream.writableNeedsDrain) return;
      await this.#changed.wait();
    }
  }

  #onMessage({ data }: StreamMessageEvent): void {
    this.#unread.push(data.subarray());
    if (this.#stream.readStatus === "readable") this.#stream.pause();
    this.#changed.wake();
  }

  #onEnd(): void {
    this.#isReadOver = this.#stream.readBufferLength === 0;
    this.#changed.wake();
  }

  #onClose({ error }: StreamCloseEvent): void {
    this.#failure ??= error;
    this.#isReadOver = true;
    this.#changed.wake();
    this.#ended.resolve();
  }
}
