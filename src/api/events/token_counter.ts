import { concat } from "uint8arrays/concat";
import { USAGE_HEAD_BYTES, USAGE_TAIL_BYTES } from "../base/defaults.ts";

const NEWLINE = 0x0a;

/**
 * The numbers of tokens that a llama-server reports, in the shapes of chat, responses and messages. Text of the model
 * can't look like it: inside a JSON string the quotes are escaped. Nine digits are more than any answer has; a longer
 * number is false, and would use up the limits of a key.
 */
const SAID =
  /"((?:completion|output|prompt|input|cache_read_input)_tokens|tokens_evaluated|(?:predicted|prompt|cache)_n)":\s*(\d{1,9})(?!\d)/g;

/** Counts the tokens of an answer while it passes, without parsing it. */
export class TokenCounter {
  #events = 0;
  #lastByte = 0;
  #head = new Uint8Array(0);
  readonly #tail = new Tail(USAGE_TAIL_BYTES);

  add(chunk: Uint8Array): void {
    this.#countEvents(chunk);
    if (this.#head.length < USAGE_HEAD_BYTES) {
      this.#head = concat([this.#head, chunk.subarray(0, USAGE_HEAD_BYTES - this.#head.length)]);
    }
    this.#tail.add(chunk);
  }

  /** The answer has events. */
  get isStream(): boolean {
    return this.#events > 0;
  }

  /** The number of prompt tokens that the answer reports, cached ones included; `null` if it reports none. */
  tokensIn(): number | null {
    const said = this.#said();
    const read = said.get("prompt_tokens") ?? said.get("tokens_evaluated");
    if (read !== undefined) return read;
    // These two leave out what was cached.
    const fresh = said.get("input_tokens");
    if (fresh !== undefined) return fresh + (said.get("cache_read_input_tokens") ?? 0);
    const computed = said.get("prompt_n");
    return computed === undefined ? null : computed + (said.get("cache_n") ?? 0);
  }

  /**
   * The number of generated tokens that the end of the answer reports, else its number of events (an estimate), else
   * `null`.
   */
  tokensOut(): number | null {
    const said = this.#said();
    const made = said.get("completion_tokens") ?? said.get("output_tokens") ??
      said.get("predicted_n");
    // A stream of messages opens with a 0, which is all that is known where it broke off.
    return (made ?? 0) || this.#events || null;
  }

  /** The last number of each kind. */
  #said(): ReadonlyMap<string, number> {
    const decoder = new TextDecoder();
    const found = [this.#head, this.#tail.bytes].flatMap((
      part,
    ) => [...decoder.decode(part).matchAll(SAID)]);
    return new Map(found.map(([, kind, number]) => [kind!, Number(number)]));
  }

  /** An event of a stream ends with an empty line. */
  #countEvents(chunk: Uint8Array): void {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
      if ((at === 0 ? this.#lastByte : chunk[at - 1]) === NEWLINE) this.#events++;
    }
    this.#lastByte = chunk.at(-1) ?? this.#lastByte;
  }
}

/** The last bytes of what came. Its buffer is twice as large, so that they are moved once in a while only. */
class Tail {
  readonly #size: number;
  #buffer = new Uint8Array(0);
  #length = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(Math.max(0, this.#length - this.#size), this.#length);
  }

  add(chunk: Uint8Array): void {
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(2 * this.#size);
    const added = chunk.length > this.#size ? chunk.subarray(-this.#size) : chunk;
    if (this.#length + added.length > this.#buffer.length) {
      const kept = this.bytes;
      this.#buffer.copyWithin(0, kept.byteOffset, kept.byteOffset + kept.length);
      this.#length = kept.length;
    }
    this.#buffer.set(added, this.#length);
    this.#length += added.length;
  }
}
