import { QUIET_AFTER_READS, QUIET_READ_BYTES, READ_BYTES } from "./limits.ts";

/**
 * The size of a stream's next read. Its buffer is held until something comes, and filled with zeros before: as small as
 * what comes allows, but a message that is cut by its end costs a second read.
 */
export class ReadSize {
  #next = QUIET_READ_BYTES;
  /** Reads in a row that a buffer of half the size would have held. */
  #small = 0;

  get next(): number {
    return this.#next;
  }

  brought(bytes: number): void {
    if (bytes >= this.#next) {
      this.#next = READ_BYTES;
      this.#small = 0;
    } else if (bytes >= this.#next / 2) this.#small = 0;
    else if (++this.#small === QUIET_AFTER_READS && this.#next > QUIET_READ_BYTES) {
      this.#next /= 2;
      this.#small = 0;
    }
  }
}
