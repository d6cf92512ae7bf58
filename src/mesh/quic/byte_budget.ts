/**
 * Bytes that all streams of a connection together have queued for sending. Once they are spent,
 * every stream takes one write at a time, and its writer waits until that has left.
 */
export class ByteBudget {
  readonly #bytes: number;
  #taken = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get isSpent(): boolean {
    return this.#taken >= this.#bytes;
  }

  take(bytes: number): void {
    this.#taken += bytes;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}
