import { printError } from "./output.ts";

/** Nobody types more than a word. */
const ANSWER_BYTES = 1_024;

/** Asks on the terminal, beside the output. Anything but `y` and `yes` is a no, also the end of the input. */
export function confirmed(question: string): boolean {
  printError(`${question} [y/N] `);
  const bytes = new Uint8Array(ANSWER_BYTES);
  const length = Deno.stdin.readSync(bytes) ?? 0;
  return /^y(es)?$/i.test(new TextDecoder().decode(bytes.subarray(0, length)).trim());
}
