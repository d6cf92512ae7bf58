/**
 * Copies pieces together, and hands them on by the buffer. The buffer is filled anew once the sink has resolved.
 */
export class GatheredBytes {
  readonly #buffer: Uint8Array;
  readonly #sink: (bytes: Uint8Array) => Promise<void>;
  #filled = 0;

  constructor(bufferBytes: number, sink: (bytes: Uint8Array) => Promise<void>) {
    this.#buffer = new Uint8Array(bufferBytes);
    this.#sink = sink;
  }

  /** The bytes are free again when it resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#buffer.length) await this.flush();
    }
  }

  /** Hands on what is left. */
  async flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    if (bytes.length > 0) await this.#sink(bytes);
  }
}
