/** The six digits of a pairing code while they are typed, pasted and corrected. Pure. */

export const CODE_DIGITS = 6;

const GROUP = 3;

/** The text of the field, and the place of its caret. */
export interface CodeEdit {
  readonly text: string;
  readonly caret: number;
}

/** Its digits, in whatever they stand: "482-913", "482 913", "Code 482913". */
export function codeDigits(text: string): string {
  return text.normalize("NFKC").replace(/[^0-9]/g, "").slice(0, CODE_DIGITS);
}

/** "482-913", and "48" or "482-9" on the way to it. */
export function groupedCode(text: string): string {
  const digits = codeDigits(text);
  return digits.length <= GROUP ? digits : `${digits.slice(0, GROUP)}-${digits.slice(GROUP)}`;
}

/** The field after an input: grouped, with the caret behind the digit that it stood behind. */
export function editCode({ text, caret }: CodeEdit): CodeEdit {
  return { text: groupedCode(text), caret: groupedCode(text.slice(0, caret)).length };
}

export function isWholeCode(text: string): boolean {
  return codeDigits(text).length === CODE_DIGITS;
}
