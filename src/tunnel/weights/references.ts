import { FrameError } from "../base/errors.ts";
import { MAX_HELD_BYTES, MAX_REFERENCES } from "./weight_defaults.ts";
import type { Weight } from "./weight_source.ts";

/** A SET_TENSOR that was replaced by a reference, kept until the worker has its bytes. */
export interface HeldFrame {
  readonly id: number;
  readonly weight: Weight;
  /** The frame up to where its data begin. */
  readonly head: Uint8Array;
  /** The bytes that llama-server sent; `undefined` if it only asked by hash. */
  readonly data: Uint8Array<ArrayBuffer> | undefined;
}

/** References on their way: the worker may answer them in any order. Decides nothing by itself. */
export class References {
  readonly #frames = new Map<number, HeldFrame>();
  readonly #answered = new Set<number>();
  #heldBytes = 0;
  #lastId = 0;

  /** Whether nothing is on its way: other frames may pass. */
  get settled(): boolean {
    return this.#frames.size === 0;
  }

  /**
   * Whether one more may leave: not while too much is held, nor while the same tensor is on its way,
   * since the later one must win.
   */
  hasRoomFor({ weight, data }: Omit<HeldFrame, "id">): boolean {
    if (this.settled) return true;
    if (this.#frames.size >= MAX_REFERENCES) return false;
    if (this.#heldBytes + (data?.length ?? 0) > MAX_HELD_BYTES) return false;
    return [...this.#frames.values()].every((held) => held.weight.name !== weight.name);
  }

  hold(frame: Omit<HeldFrame, "id">): HeldFrame {
    const held = { ...frame, id: ++this.#lastId };
    this.#frames.set(held.id, held);
    this.#heldBytes += held.data?.length ?? 0;
    return held;
  }

  /** The worker has answered this one. @throws {FrameError} where it was not asked, or has answered before. */
  answered(id: number): HeldFrame {
    const held = this.#frames.get(id);
    if (held === undefined || this.#answered.has(id)) {
      throw new FrameError("The worker answered a reference that it was not sent");
    }
    this.#answered.add(id);
    return held;
  }

  /** The worker has its bytes, from whichever side. */
  done({ id, data }: HeldFrame): void {
    this.#frames.delete(id);
    this.#answered.delete(id);
    this.#heldBytes -= data?.length ?? 0;
  }
}
