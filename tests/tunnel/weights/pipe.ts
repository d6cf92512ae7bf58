import type { ByteSink, ByteSource } from "../../../src/tunnel/base/byte_pump.ts";
import type { PeerStream } from "../../../src/tunnel/base/types.ts";
import { joined } from "../byte_cuts.ts";

/** One direction in memory. Written bytes are counted and may be cut before they are read. */
export class Pipe implements ByteSource, ByteSink {
  readonly #queue: Uint8Array[] = [];
  readonly #cut: (bytes: Uint8Array) => Uint8Array[];
  #wake = Promise.withResolvers<void>();
  #ended = false;
  #broken: Error | undefined;
  /** Bytes written so far. */
  written = 0;
  /** Writes so far. */
  writes = 0;
  /** Of them, those that the reader has handed back. */
  recycled = 0;

  constructor(cut: (bytes: Uint8Array) => Uint8Array[] = (bytes) => [bytes]) {
    this.#cut = cut;
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#broken !== undefined) throw this.#broken;
      const next = this.#queue.shift();
      if (next !== undefined) return next;
      if (this.#ended) return null;
      await this.#wake.promise;
    }
  }

  /** A second look at the bytes finds others there. */
  recycle(bytes: Uint8Array): void {
    this.recycled += bytes.length;
    bytes.fill(0xee);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    this.written += bytes.length;
    this.writes++;
    this.#queue.push(...this.#cut(bytes.slice()).filter((piece) => piece.length > 0));
    this.#notify();
    return Promise.resolve();
  }

  closeWrite(): Promise<void> {
    this.#ended = true;
    this.#notify();
    return Promise.resolve();
  }

  break(reason: Error): void {
    this.#broken ??= reason;
    this.#notify();
  }

  async readToEnd(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (let bytes = await this.read(); bytes !== null; bytes = await this.read()) {
      chunks.push(bytes);
    }
    return joined(chunks);
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** A source and a sink as one end of a connection. */
export function endOf(incoming: Pipe, outgoing: Pipe): PeerStream {
  return {
    read: () => incoming.read(),
    recycle: (bytes) => incoming.recycle(bytes),
    write: (bytes) => outgoing.write(bytes),
    closeWrite: () => outgoing.closeWrite(),
    reset: (reason) => {
      incoming.break(reason);
      outgoing.break(reason);
    },
  };
}
