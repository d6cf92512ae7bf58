/** Words that we did not write, as they may stand in a line of ours: names, metadata, what other programs say. Pure. */

/** More than any sentence takes; what is longer is no sentence. */
export const TEXT_CHARS_MAX = 2_000;

/** Characters that end a line or steer a terminal. */
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/**
 * Invisible characters: marks that turn the direction of a text, joiners, fillers, halves of characters. Those that
 * choose the picture of an emoji may stay.
 */
const UNSEEN =
  /[\p{Cf}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\uffa0\ufff0-\ufff8\u{e0000}-\u{e0fff}]+/gu;

/** One line, without what is obeyed or not seen, and not endless. */
export function printable(value: unknown, maxChars: number = TEXT_CHARS_MAX): string {
  const text = String(value);
  const isLong = text.length > maxChars;
  const kept = isLong ? text.slice(0, maxChars - 1) : text;
  const shown = kept.replace(STEERING, " ").replace(UNSEEN, "").trim();
  return isLong ? `${shown}…` : shown;
}

/** The same for every text inside of a value, which itself stays as it is. */
export function printableAll<T>(value: T): T {
  return mapTexts(value, printable) as T;
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts(item, map)]),
  );
}

/** As JSON makes them; an error or a map is not one to be copied. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * Whole lines, be they ours or a model's answer: each is kept, with its tabs and the joiners that some scripts are written with,
 * and nothing in them steers a terminal.
 */
export function printableLines(text: string): string {
  return text.replace(/[^\n\t\P{Cc}]|[\p{Zl}\p{Zp}]/gu, " ")
    .replace(UNSEEN, (chars) => chars.replace(/[^\u200c\u200d]/g, ""));
}

/** JSON with the end of its line, for a terminal as well as for a program: the same data, and what is obeyed or not seen is escaped. */
export function jsonText(
  value: unknown,
  { indent = 0, replacer }: {
    readonly indent?: number;
    readonly replacer?: (key: string, value: unknown) => unknown;
  } = {},
): string {
  const json = JSON.stringify(value, replacer, indent);
  return json.replace(/[\p{Zl}\p{Zp}\p{Cf}\x7f-\x9f]/gu, escaped) +
    "\n";
}

function escaped(char: string): string {
  return Array.from(
    { length: char.length },
    (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");
}
