/** Two ends of a stream in memory, for handlers that are tested without a network. */

import type { ByteStream } from "../../src/mesh/mod.ts";

class Pipe {
  readonly #waiting: Uint8Array[] = [];
  #closed = false;
  #error: Error | undefined;
  #wake = Promise.withResolvers<void>();

  push(bytes: Uint8Array): void {
    if (this.#error !== undefined) throw this.#error;
    if (bytes.length > 0) this.#waiting.push(bytes.slice());
    this.#wake.resolve();
  }

  close(): void {
    this.#closed = true;
    this.#wake.resolve();
  }

  break(error: Error): void {
    this.#error ??= error;
    this.#wake.resolve();
  }

  async next(): Promise<Uint8Array | null> {
    while (true) {
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) return bytes;
      if (this.#error !== undefined) throw this.#error;
      if (this.#closed) return null;
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }
}

/** Two streams: bytes that one end writes, the other reads. */
export function streamPair(): readonly [near: ByteStream, far: ByteStream] {
  const [there, back] = [new Pipe(), new Pipe()];
  const end = (read: Pipe, write: Pipe): ByteStream => ({
    read: () => read.next(),
    write: async (bytes) => await Promise.resolve(write.push(bytes)),
    closeWrite: async () => await Promise.resolve(write.close()),
    // Nobody may look at them any more.
    recycle: (bytes) => void bytes.fill(0xee),
    reset: (reason) => {
      read.break(reason);
      write.break(reason);
    },
  });
  return [end(back, there), end(there, back)];
}
