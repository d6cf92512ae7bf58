import { FULL_PIPE_PAUSE_MS, LOG_WAITING_BYTES } from "../base/defaults.ts";

interface AsyncWriter {
  write(bytes: Uint8Array): Promise<number>;
}

export interface LogOutputOptions {
  /** Lines were lost, and the rest has been taken again. */
  readonly onLost: (writes: number) => void;
}

/**
 * A node's log on its way to standard output. A terminal that was paused, a parent that reads no pipe and a disk that
 * hangs take nothing: a node that waited for them would stand still with all its requests, alive to everybody who asks.
 * So it waits for nobody. Output that has not been taken is kept up to a bound, and lost beyond it.
 */
export class LogOutput {
  readonly #writer: AsyncWriter;
  readonly #options: LogOutputOptions;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #isBroken = false;
  #writing: Promise<void> | null = null;

  constructor(writer: AsyncWriter, options: LogOutputOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (this.#waitingBytes + bytes.length > LOG_WAITING_BYTES) {
      this.#lost++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#writeWaiting();
  }

  /** Resolves when everything was taken. */
  async flushed(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const [bytes] = this.#waiting;
      await this.#writeWhole(bytes!);
      this.#waiting.shift();
      this.#waitingBytes -= bytes!.length;
    }
    this.#writing = null;
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#options.onLost(lost);
  }

  async #writeWhole(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isBroken;) {
      try {
        at += await this.#writer.write(bytes.subarray(at));
      } catch (error) {
        // Nobody reads any more (`mesh-llm | head`, a closed terminal): a node goes on without its log.
        if (!(error instanceof Deno.errors.WouldBlock)) this.#isBroken = true;
        // A parent made the pipe non-blocking, as Node does with the ones it inherits, and it is full.
        else await new Promise((resolve) => setTimeout(resolve, FULL_PIPE_PAUSE_MS));
      }
    }
  }
}
