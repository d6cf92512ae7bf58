import { pause as pauseFor } from "../../base/pause.ts";
import { OUTPUT_PAUSE_MS, OUTPUT_READ_BYTES } from "../base/defaults.ts";

type OnBytes = (bytes: Uint8Array) => void | Promise<void>;

/** Resolves after a while, or at once when the signal fires. */
type Pause = (signal: AbortSignal) => Promise<void>;

/**
 * Reads a child's output to its end, one piece at a time, with one buffer for all of them. llama-server writes a dozen
 * lines a request, each by itself; read one by one they took 0.6 ms of this process on a core that llama-server
 * wants for the request's prompt. So what comes after the first piece is left alone for a moment, in which more gathers in
 * the pipe: the first line of a request comes just as llama-server begins with it.
 */
export class OutputPump {
  readonly ended: Promise<void>;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #pause: Pause;
  readonly #hurry = new AbortController();

  constructor(
    stream: ReadableStream<Uint8Array>,
    onBytes: OnBytes,
    pause: Pause = (signal) => pauseFor(OUTPUT_PAUSE_MS, signal),
  ) {
    this.#pause = pause;
    this.#reader = stream.getReader({ mode: "byob" });
    this.ended = this.#run(onBytes);
  }

  /** The child has ended: nothing more gathers. */
  hurry(): void {
    this.#hurry.abort();
  }

  cancel(): void {
    this.#reader.cancel().catch(() => {}); // the stream had ended by itself
  }

  async #run(onBytes: OnBytes): Promise<void> {
    let buffer = new Uint8Array(OUTPUT_READ_BYTES);
    for (let isFirst = true;; isFirst = false) {
      const { done, value } = await this.#reader.read(buffer);
      if (done) return;
      // A child that says a lot may be waiting for room in the pipe.
      const isFull = value.length === value.buffer.byteLength;
      if (!isFirst && !isFull && !this.#hurry.signal.aborted) await this.#pause(this.#hurry.signal);
      await onBytes(value);
      // The buffer that was passed in is detached by now; the same memory comes back.
      buffer = new Uint8Array(value.buffer);
    }
  }
}
