import type { CallerPieces } from "../events/caller_stream.ts";

/**
 * The pieces of an answer whose head was sent before there is any. Not a generator that yields another's: every
 * event would go through both.
 */
export class EventsAhead implements CallerPieces {
  readonly #open: () => Promise<CallerPieces>;
  #first: Uint8Array | null;
  #pieces: CallerPieces | undefined;

  /** @param first what is passed on before the answer is waited for. */
  constructor(open: () => Promise<CallerPieces>, first: Uint8Array | null) {
    this.#open = open;
    this.#first = first;
  }

  async next(): Promise<IteratorResult<Uint8Array, unknown>> {
    const value = this.#first;
    this.#first = null;
    if (value !== null) return { value, done: false };
    this.#pieces ??= await this.#open();
    return await this.#pieces.next();
  }

  async return(): Promise<unknown> {
    return await this.#pieces?.return();
  }
}
