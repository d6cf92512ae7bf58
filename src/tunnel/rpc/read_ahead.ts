import type { ByteSource } from "../base/byte_pump.ts";

/**
 * Reads a source while nobody takes its bytes yet, up to a bound. Only a reader learns that a peer
 * has hung up, and one that hung up must not be kept waiting for a server, let alone reach it.
 */
export class ReadAhead implements ByteSource {
  readonly #source: ByteSource;
  readonly #queue: Promise<Uint8Array | null>[] = [];
  #taken = false;

  /** @param first bytes of the source that were read before. */
  constructor(source: ByteSource, first: Uint8Array) {
    this.#source = source;
    if (first.length > 0) this.#queue.push(Promise.resolve(first));
  }

  /**
   * Resolves with `true` when the source ended, with `false` when the bound was reached or somebody
   * reads. @throws what the source throws.
   */
  async watch(maxBytes: number): Promise<boolean> {
    for (let held = 0; held < maxBytes && !this.#taken;) {
      const reading = this.#source.read();
      this.#queue.push(reading);
      const bytes = await reading;
      if (bytes === null) return !this.#taken;
      held += bytes.length;
    }
    return false;
  }

  read(): Promise<Uint8Array | null> {
    this.#taken = true;
    return this.#queue.shift() ?? this.#source.read();
  }

  recycle(bytes: Uint8Array): void {
    this.#source.recycle?.(bytes);
  }
}
