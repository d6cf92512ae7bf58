import type { ByteStream } from "../base/byte_stream.ts";
import { MAX_PATH_DATAGRAM_BYTES } from "../base/datagram_path.ts";
import { RELAY_QUEUE_BYTES } from "../base/defaults.ts";
import { FRAME_HEAD_BYTES, putFrame } from "./frames.ts";

/**
 * Datagrams on their way into a stream. A stream that takes no more must not make them wait: beyond a bound they are
 * dropped, since what they carry tells the capacity of a path by its losses.
 */
export class DatagramSender {
  readonly #stream: Pick<ByteStream, "write">;
  readonly #broken: (error: unknown) => void;
  /** One is filled while the other is written. */
  #filling = new Uint8Array(RELAY_QUEUE_BYTES);
  #writing = new Uint8Array(RELAY_QUEUE_BYTES);
  #filled = 0;
  #isBusy = false;
  #isClosed = false;

  /** @param broken hears that the stream takes nothing any more */
  constructor(stream: Pick<ByteStream, "write">, broken: (error: unknown) => void) {
    this.#stream = stream;
    this.#broken = broken;
  }

  /** False where the datagram was dropped. */
  send(datagram: Uint8Array): boolean {
    const { byteLength } = datagram;
    if (this.#isClosed || byteLength === 0 || byteLength > MAX_PATH_DATAGRAM_BYTES) return false;
    if (this.#filled + FRAME_HEAD_BYTES + byteLength > this.#filling.byteLength) return false;
    this.#filled = putFrame(this.#filling, this.#filled, datagram);
    if (!this.#isBusy) void this.#pump();
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#filled = 0;
  }

  async #pump(): Promise<void> {
    this.#isBusy = true;
    try {
      // Those that come in the same turn of the event loop travel together.
      await Promise.resolve();
      while (this.#filled > 0) {
        const bytes = this.#filling.subarray(0, this.#filled);
        [this.#filling, this.#writing] = [this.#writing, this.#filling];
        this.#filled = 0;
        await this.#stream.write(bytes);
      }
    } catch (error) {
      this.close();
      this.#broken(error);
    } finally {
      this.#isBusy = false;
    }
  }
}
