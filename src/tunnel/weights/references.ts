import { FrameError } from "../errors.ts";
import { MAX_HELD_BYTES, MAX_REFERENCES } from "./defaults.ts";
import type { Weight } from "./types.ts";

/** A SET_TENSOR that was replaced by a reference, kept until the worker has said that it could fill it. */
export interface HeldFrame {
  readonly id: number;
  readonly weight: Weight;
  readonly head: Uint8Array;
  readonly data: Uint8Array;
}

/** References on their way. The worker answers them in order; refused ones are to be sent after all. */
export class References {
  readonly #waiting = new Map<number, HeldFrame>();
  readonly #refused: HeldFrame[] = [];
  readonly #onFilled: (frame: HeldFrame) => void;
  #heldBytes = 0;
  #lastId = 0;
  #changed = Promise.withResolvers<void>();

  constructor(onFilled: (frame: HeldFrame) => void) {
    this.#onFilled = onFilled;
    this.#changed.promise.catch(() => {});
  }

  /** Whether nothing is on its way: other frames may pass. */
  get settled(): boolean {
    return this.#waiting.size === 0 && this.#refused.length === 0;
  }

  /** Whether one more of this size would be too much to hold. */
  isFull(byteLength: number): boolean {
    return !this.settled &&
      (this.#heldBytes + byteLength > MAX_HELD_BYTES || this.#waiting.size >= MAX_REFERENCES);
  }

  hold(frame: Omit<HeldFrame, "id">): HeldFrame {
    const held = { ...frame, id: ++this.#lastId };
    this.#waiting.set(held.id, held);
    this.#heldBytes += held.data.length;
    return held;
  }

  filled(id: number): void {
    this.#onFilled(this.#take(id));
    this.#wake();
  }

  refused(id: number): void {
    this.#refused.push(this.#take(id));
    this.#wake();
  }

  /** The next one to send after all. */
  nextRefused(): HeldFrame | undefined {
    return this.#refused.shift();
  }

  /** Resolves when the worker has answered one more. @throws what `fail` was given. */
  async change(): Promise<void> {
    await this.#changed.promise;
  }

  /** Nobody will answer any more. */
  fail(reason: Error): void {
    this.#changed.reject(reason);
  }

  #take(id: number): HeldFrame {
    const held = this.#waiting.get(id);
    if (held === undefined) {
      throw new FrameError("The worker answered a reference that it was not sent");
    }
    this.#waiting.delete(id);
    this.#heldBytes -= held.data.length;
    return held;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    this.#changed.promise.catch(() => {});
  }
}
