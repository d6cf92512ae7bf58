import { NAME_CHARS_SHOWN, PROMPT_CHARS_KEPT } from "../base/defaults.ts";
import { TokenCounter } from "../events/token_counter.ts";
import type { RequestRecord } from "../base/types.ts";

/** The first byte of a comment among events. */
const COLON = 0x3a;

export interface RecorderOptions {
  readonly id: string;
  readonly path: string;
  /** The prompt is kept too. */
  readonly prompts: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly record: (request: RequestRecord) => void;
}

/** Follows one request from its arrival and records it once, when its answer has ended. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #startedMs: number;
  readonly #tokens = new TokenCounter();
  #prompt: string | undefined;
  #receivedMs: number;
  #askedMs: number;
  #waitedMs = 0;
  #asks = 0;
  #continuations = 0;
  #connectMs: number | null = null;
  #firstByteMs: number | null = null;
  #ended = false;
  /** As the request named it, until one is chosen. */
  model = "";
  /** The instance that answers. */
  host: string | null = null;
  /** Those that went on with its answer. */
  readonly continuedBy: string[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#startedMs = this.#receivedMs = this.#askedMs = options.now();
  }

  /** The request is whole: from now on it waits for nobody but us. */
  received(body: Uint8Array): void {
    this.#receivedMs = this.#askedMs = this.#options.now();
    if (!this.#options.prompts) return;
    // A character takes at most 3 bytes for each of its UTF-16 units.
    const start = new TextDecoder().decode(body.subarray(0, 3 * PROMPT_CHARS_KEPT));
    this.#prompt = start.slice(0, PROMPT_CHARS_KEPT);
  }

  /** An instance is asked: before the first byte in another's place, after it to continue its answer. */
  asking(): void {
    if (this.#firstByteMs !== null) {
      this.#continuations++;
      return;
    }
    this.#asks++;
    this.#askedMs = this.#options.now();
    this.#waitedMs = 0;
    this.#connectMs = null;
  }

  /** The stream to the host that is asked is open. */
  connected(): void {
    if (this.#firstByteMs === null) this.#connectMs = this.#options.now() - this.#askedMs;
  }

  /** The instance says how long it let the request wait; no longer than it took. */
  waited(ms: number): void {
    this.#waitedMs = Math.min(ms, this.#options.now() - this.#askedMs - (this.#connectMs ?? 0));
  }

  /** Bytes of the answer on their way to the caller. A comment is a sign of life before it, and none of it. */
  passed(chunk: Uint8Array): void {
    if (this.#firstByteMs === null && chunk[0] === COLON) return;
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
      queueMs: (this.#asks === 0 ? this.#options.now() : this.#askedMs) - this.#receivedMs +
        this.#waitedMs,
      connectMs: this.#connectMs,
      firstByteMs: this.#firstByteMs,
      totalMs: this.#elapsedMs(),
      tokensIn: this.#tokens.tokensIn(),
      tokensOut: this.#tokens.tokensOut(),
      streamed: this.#tokens.isStream,
      retries: Math.max(0, this.#asks - 1),
      continuations: this.#continuations,
      continuedBy: this.continuedBy,
      ...(this.#prompt === undefined ? {} : { prompt: this.#prompt }),
    });
  }

  #elapsedMs(): number {
    return this.#options.now() - this.#startedMs;
  }
}
