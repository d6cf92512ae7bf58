import { asError } from "../../base/as_error.ts";
import { concat } from "uint8arrays/concat";
import type { PulledStream } from "./pulled_stream.ts";
import { NotAgreedError } from "./stream_errors.ts";
import { proposalOf } from "./multistream.ts";

/**
 * A stream whose user writes before the peer has agreed to the protocol: the proposal goes ahead of the
 * first bytes, and the agreement is taken off what comes back. libp2p's own negotiation waits for it, a
 * whole round trip. The peer sees no difference (multistream-select 1.0).
 */
export class OptimisticStream implements PulledStream {
  readonly #stream: PulledStream;
  /** The bytes that the peer repeats if it agrees. */
  readonly #agreement: Uint8Array;
  #agreedBytes = 0;
  #isProposed = false;
  readonly #taken = Promise.withResolvers<void>();

  constructor(stream: PulledStream, protocol: string) {
    this.#stream = stream;
    this.#agreement = proposalOf(protocol);
  }

  get taken(): Promise<void> {
    return this.#taken.promise;
  }

  get ended(): Promise<void> {
    return this.#stream.ended;
  }

  /** @throws {NotAgreedError} where the peer says anything else, or nothing. */
  async read(): Promise<Uint8Array | null> {
    while (this.#agreedBytes < this.#agreement.length) {
      const rest = this.#takeAgreement(await this.#readAgreement());
      if (rest.length > 0) return rest;
    }
    return await this.#stream.read();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isProposed) return await this.#stream.write(bytes);
    this.#isProposed = true;
    await this.#stream.write(concat([this.#agreement, bytes]));
  }

  async closeWrite(): Promise<void> {
    if (!this.#isProposed) await this.write(new Uint8Array(0));
    await this.#stream.closeWrite();
  }

  recycle(bytes: Uint8Array): void {
    this.#stream.recycle(bytes);
  }

  reset(reason: Error): void {
    this.#stream.reset(reason);
  }

  release(): Promise<void> {
    return this.#stream.release();
  }

  async #readAgreement(): Promise<Uint8Array> {
    // Without a byte the peer does not know of the stream.
    if (!this.#isProposed) await this.write(new Uint8Array(0));
    let bytes: Uint8Array | null;
    try {
      bytes = await this.#stream.read();
    } catch (cause) {
      throw new NotAgreedError(asError(cause).message, { cause });
    }
    if (bytes === null) throw new NotAgreedError("the peer closed the stream");
    return bytes;
  }

  /** The bytes behind the agreement. */
  #takeAgreement(bytes: Uint8Array): Uint8Array {
    const length = Math.min(bytes.length, this.#agreement.length - this.#agreedBytes);
    for (let at = 0; at < length; at++) {
      if (bytes[at] === this.#agreement[this.#agreedBytes + at]) continue;
      const error = new NotAgreedError("the peer does not speak the protocol");
      this.reset(error);
      throw error;
    }
    this.#agreedBytes += length;
    if (this.#agreedBytes === this.#agreement.length) this.#taken.resolve();
    return bytes.subarray(length);
  }
}
