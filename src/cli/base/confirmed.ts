import { printError } from "./output.ts";

/** Nobody types more than a word. */
const ANSWER_BYTES = 1_024;

/** Asks on the terminal, beside the output. Anything but `y` and `yes` is a no, also the end of the input. */
export function confirmed(question: string): boolean {
  return /^y(es)?$/i.test(answerTo(`${question} [y/N] `) ?? "");
}

/** The same of what most people would do: a line without a word is a yes, the end of the input is a no. */
export function agreed(question: string): boolean {
  return /^(y(es)?)?$/i.test(answerTo(`${question} [Y/n] `) ?? "no");
}

/** `null` at the end of the input. */
function answerTo(question: string): string | null {
  printError(question);
  const bytes = new Uint8Array(ANSWER_BYTES);
  const length = Deno.stdin.readSync(bytes);
  return length === null ? null : new TextDecoder().decode(bytes.subarray(0, length)).trim();
}
