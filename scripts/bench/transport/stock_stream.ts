import type { Stream } from "@libp2p/interface";
import type { BenchStream } from "./bench_stream.ts";

/** A stream of the stock transport as its documentation uses it: events in, `send` and `drain` out. */
export class StockStream implements BenchStream {
  readonly #stream: Stream;
  readonly #unread: Uint8Array[] = [];
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.addEventListener("message", ({ data }) => {
      this.#unread.push(data.subarray());
      this.#wake();
    });
    stream.addEventListener("remoteCloseWrite", () => {
      this.#isOver = true;
      this.#wake();
    });
    for (const event of ["drain", "close"] as const) {
      stream.addEventListener(event, () => this.#wake());
    }
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const bytes = this.#unread.shift();
      if (bytes !== undefined) return bytes;
      if (this.#isOver || this.#stream.status !== "open") return null;
      await this.#changed.promise;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#stream.send(bytes);
    while (this.#stream.writableNeedsDrain && this.#stream.status === "open") {
      await this.#changed.promise;
    }
  }

  closeWrite(): Promise<void> {
    return this.#stream.close();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
