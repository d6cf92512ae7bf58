/** The output of a child, as far as somebody needs it: pure, fed piece by piece. */

import { concat } from "uint8arrays/concat";

/** The end of a stream of text. */
export class Tail {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Uint8Array): void {
    this.#bytes = concat([this.#bytes, bytes]).slice(-this.#maxBytes);
  }

  /** Begins with a whole line where it was cut. */
  get text(): string {
    const text = new TextDecoder().decode(this.#bytes);
    return this.#bytes.length < this.#maxBytes ? text : text.slice(text.indexOf("\n") + 1);
  }
}

/**
 * How much of a model is loaded, by the dots that llama.cpp prints on a line of their own: at most
 * one a percent, so this is a lower bound. Builds of late 2026 print none; it then stays 0.
 */
export class LoadProgress {
  readonly #decoder = new TextDecoder();
  #line = "";
  #fraction = 0;

  get fraction(): number {
    return this.#fraction;
  }

  add(bytes: Uint8Array): void {
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split("\n");
    for (const line of lines) {
      if (/^\.+$/.test(line)) {
        this.#fraction = Math.max(this.#fraction, Math.min(1, line.length / 100));
      }
    }
    this.#line = (lines.at(-1) ?? "").slice(0, 200);
  }
}

/** Cuts a stream into whole lines. */
export class Lines {
  readonly #decoder = new TextDecoder();
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line);
  }

  /** Nothing comes any more: what stands there is a line. */
  end(): void {
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }
}
