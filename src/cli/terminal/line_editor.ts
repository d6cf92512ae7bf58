/** Lines that a user types: Node's readline, silent while an answer is written. */

import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { styled } from "../base/output.ts";

export interface LineEditorOptions {
  /** The latest first. */
  readonly history: readonly string[];
  /** Ctrl-C, with what stands in the line. */
  readonly onInterrupt: (line: string) => void;
}

export class LineEditor implements Disposable {
  readonly #readline: Interface;
  readonly #typed: string[] = [];
  readonly #resized: () => void;
  #closed = false;
  #silent = true;
  #wake: () => void = () => {};

  constructor({ history, onInterrupt }: LineEditorOptions) {
    const output = Object.assign(
      new Writable({
        write: (chunk, _, done) => {
          if (!this.#silent) styled.out(String(chunk));
          done();
        },
      }),
      { isTTY: true, columns: columns() },
    );
    this.#readline = createInterface({
      input: process.stdin,
      output,
      terminal: true,
      history: [...history],
      removeHistoryDuplicates: true,
    });
    this.#resized = () => {
      output.columns = columns();
      output.emit("resize");
    };
    Deno.addSignalListener("SIGWINCH", this.#resized);
    this.#readline.on("line", (line) => {
      this.#typed.push(line);
      this.#wake();
    });
    this.#readline.on("SIGINT", () => onInterrupt(this.#readline.line));
    this.#readline.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** The next line; `null` at the end of the input. */
  async read(prompt: string): Promise<string | null> {
    this.#readline.setPrompt(prompt);
    if (this.#typed.length === 0 && !this.#closed) {
      this.#silent = false;
      // Keys that came while an answer was written stay in the line, with the cursor behind them.
      this.#readline.prompt(true);
    }
    while (this.#typed.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#silent = true;
    return this.#typed.shift() ?? null;
  }

  /** Begins anew with this prompt. */
  clear(prompt: string): void {
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
    styled.out("\n");
    this.#readline.setPrompt(prompt);
    this.#readline.prompt();
  }

  close(): void {
    this.#readline.close();
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGWINCH", this.#resized);
    this.#readline.close();
  }
}

/** A terminal that does not tell its size is taken for a small one. */
function columns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
