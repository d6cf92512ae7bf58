import { concat } from "uint8arrays/concat";
import { AGREEMENT } from "./messages.ts";

/** Tells by the first bytes of a stream whether the worker's end agreed to messages. */
export class Agreement {
  #held: Uint8Array = new Uint8Array(0);
  #agreed: boolean | undefined;

  get known(): boolean {
    return this.#agreed !== undefined;
  }

  get agreed(): boolean {
    return this.#agreed === true;
  }

  /** The bytes behind the agreement, or everything if there is none; empty while nobody knows. */
  push(bytes: Uint8Array): Uint8Array {
    const all = concat([this.#held, bytes]);
    const length = Math.min(all.length, AGREEMENT.length);
    const alike = all.subarray(0, length).every((byte, index) => byte === AGREEMENT[index]);
    if (alike && length < AGREEMENT.length) {
      this.#held = all;
      return new Uint8Array(0);
    }
    this.#held = new Uint8Array(0);
    this.#agreed = alike;
    return alike ? all.subarray(AGREEMENT.length) : all;
  }

  /** The bytes that were held when the stream ended. */
  rest(): Uint8Array {
    return this.#held;
  }
}
