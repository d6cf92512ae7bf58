/** A terminal with at most one live line at its end, or a plain stream that is told once what goes on. */

import type { LiveLine } from "./progress_line.ts";

const ERASE_LINE = "\r\x1b[K";

export class Screen {
  readonly #write: (text: string) => void;
  readonly #live: boolean;
  #label = "";
  #lineShown = false;

  constructor(write: (text: string) => void, { live }: { readonly live: boolean }) {
    this.#write = write;
    this.#live = live;
  }

  /** Prints whole lines, in the place of the live line. */
  print(text: string): void {
    this.#write(this.#lineShown ? ERASE_LINE + text : text);
    this.#lineShown = false;
  }

  /** Replaces the live line; where there can be none, prints what is new of it. */
  showLive({ label, text }: LiveLine): void {
    if (this.#live) {
      this.#write(ERASE_LINE + text);
      this.#lineShown = true;
    } else if (label !== this.#label) {
      this.#write(`${label}\n`);
    }
    this.#label = label;
  }
}
