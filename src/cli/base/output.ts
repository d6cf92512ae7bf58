/** Standard output and standard error, written at once: what was printed is out when the process ends. */

import { printableLines } from "../../base/printable.ts";
import { FULL_PIPE_PAUSE_MS } from "./defaults.ts";

interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

/** Whole lines. Whatever got into them, none steers the terminal; JSON goes through `jsonText` before, to stay exact. */
export function printOut(text: string): void {
  offerOut(text);
}

/** @returns whether somebody still reads: what would go on for ever ends where nobody does. */
export function offerOut(text: string): boolean {
  return writeAll(Deno.stdout, printableLines(text));
}

/** The same, on standard error. */
export function printError(text: string): void {
  writeAll(Deno.stderr, printableLines(text));
}

/** With colours, or a line that is drawn anew: the caller has to clean every word. */
export const styled = {
  out: (text: string) => writeAll(Deno.stdout, text),
  error: (text: string) => writeAll(Deno.stderr, text),
} as const;

function writeAll(writer: SyncWriter, text: string): boolean {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writer.writeSync(rest));
    } catch (error) {
      // Nobody reads any more (`mesh-llm | head`, a closed terminal): a node goes on without its log.
      if (!(error instanceof Deno.errors.WouldBlock)) return false;
      // A parent made the pipe non-blocking, as Node does with the ones it inherits, and it is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_PAUSE_MS);
    }
  }
  return true;
}
