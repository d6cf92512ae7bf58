import { USAGE_TAIL_BYTES } from "./defaults.ts";

const NEWLINE = 0x0a;

/**
 * The number of tokens that a llama-server says it made, in the shapes of chat, responses and messages.
 * Text of the model can't look like it: inside a JSON string the quotes are escaped.
 */
const SAID = /"(?:completion_tokens|output_tokens|predicted_n)":\s*(\d+)/g;

/** Counts the tokens of an answer while it passes, without parsing it. */
export class TokenCounter {
  #events = 0;
  #lastByte = 0;
  #tail = new Uint8Array(0);

  add(chunk: Uint8Array): void {
    this.#countEvents(chunk);
    this.#tail = lastBytes(this.#tail, chunk);
  }

  /** What the end of the answer says, else its number of events (an estimate), else `null`. */
  total(): number | null {
    const said = [...new TextDecoder().decode(this.#tail).matchAll(SAID)].at(-1);
    // A stream of messages opens with a 0, which is all that is known where it broke off.
    return Number(said?.[1] ?? 0) || this.#events || null;
  }

  /** An event of a stream ends with an empty line. */
  #countEvents(chunk: Uint8Array): void {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
      if ((at === 0 ? this.#lastByte : chunk[at - 1]) === NEWLINE) this.#events++;
    }
    this.#lastByte = chunk.at(-1) ?? this.#lastByte;
  }
}

function lastBytes(before: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = before.subarray(Math.max(0, before.length + chunk.length - USAGE_TAIL_BYTES));
  const added = chunk.subarray(-USAGE_TAIL_BYTES);
  const tail = new Uint8Array(kept.length + added.length);
  tail.set(kept);
  tail.set(added, kept.length);
  return tail;
}
