import { NAME_CHARS_SHOWN } from "./defaults.ts";
import { TokenCounter } from "./token_counter.ts";
import type { RequestRecord } from "./types.ts";

export interface RecorderOptions {
  readonly id: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly record: (request: RequestRecord) => void;
}

/** Follows one request from its arrival and records it once, when its answer has ended. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #startedMs: number;
  readonly #tokens = new TokenCounter();
  #firstByteMs: number | null = null;
  #ended = false;
  /** As the request named it, until one is chosen. */
  model = "";
  /** The instance that answers. */
  host: string | null = null;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#startedMs = options.now();
  }

  /** Bytes of the answer on their way to the caller. */
  passed(chunk: Uint8Array): void {
    this.#firstByteMs ??= this.#elapsedMs();
    this.#tokens.add(chunk);
  }

  /** Calls after the first are ignored. */
  end(status: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.record({
      id: this.#options.id,
      time: new Date(this.#startedMs).toISOString(),
      model: this.model.slice(0, NAME_CHARS_SHOWN),
      host: this.host,
      path: this.#options.path.slice(0, NAME_CHARS_SHOWN),
      status,
      firstByteMs: this.#firstByteMs,
      totalMs: this.#elapsedMs(),
      tokensOut: this.#tokens.total(),
    });
  }

  #elapsedMs(): number {
    return this.#options.now() - this.#startedMs;
  }
}
