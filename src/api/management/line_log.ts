import { LOG_LINES_KEPT } from "../base/defaults.ts";
import type { LogLine } from "../base/types.ts";

/** The last lines that the node logged. */
export class LineLog {
  readonly #lines: LogLine[] = [];

  add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length > LOG_LINES_KEPT) this.#lines.shift();
  }

  /** The oldest first. */
  list(): LogLine[] {
    return [...this.#lines];
  }
}
