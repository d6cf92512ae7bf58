/** A terminal with at most one live line at its end, or a plain stream that is told once what goes on. */

import { LIVE_TASKS_MAX } from "./defaults.ts";
import type { LiveLine } from "./progress_line.ts";

const ERASE_LINE = "\r\x1b[K";

export class Screen {
  readonly #write: (text: string) => void;
  readonly #live: boolean;
  /** By task, the oldest first. Of those that a terminal has shown only the ones since the last whole line. */
  readonly #tasks = new Map<string, LiveLine>();
  #lineShown = false;

  constructor(write: (text: string) => void, { live }: { readonly live: boolean }) {
    this.#write = write;
    this.#live = live;
  }

  /** Prints whole lines, in the place of the live line: a task that goes on shows itself again. */
  print(text: string): void {
    this.#write(this.#lineShown ? ERASE_LINE + text : text);
    if (this.#live) this.#tasks.clear();
    this.#lineShown = false;
  }

  /**
   * Replaces the live line of a task, beside those of other tasks that go on; where there can be none, prints what is new
   * of it.
   */
  showLive(line: LiveLine): void {
    const { task = "" } = line;
    const before = this.#tasks.get(task);
    this.#keep(task, line);
    if (this.#live) {
      this.#write(ERASE_LINE + this.#liveText(line));
      this.#lineShown = true;
    } else if (line.label !== before?.label) {
      this.#write(`${line.label}\n`);
    }
  }

  #keep(task: string, line: LiveLine): void {
    const [oldest] = this.#tasks.keys();
    const isFull = this.#tasks.size >= LIVE_TASKS_MAX && !this.#tasks.has(task);
    if (isFull && oldest !== undefined) this.#tasks.delete(oldest);
    this.#tasks.set(task, line);
  }

  #liveText(line: LiveLine): string {
    if (this.#tasks.size < 2) return line.text;
    return [...this.#tasks.values()].map(({ brief }) => brief).join(", ");
  }
}
