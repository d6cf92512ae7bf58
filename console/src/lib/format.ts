/** Numbers and names as people read them. Pure. */

/** Keeps a number and its unit on one line. */
const NBSP = "\u00a0";

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Characters that steer a line instead of being read: controls, line ends, what turns a text, and what nobody sees. */
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** Longer names than any sensible one would push the page apart. */
const NAME_CHARS_MAX = 64;

/** As on a terminal: what is longer is no sentence. */
const TEXT_CHARS_MAX = 2_000;

/** At most one decimal, and none where it would be zero. */
function brief(value: number): string {
  return (value < 100 ? Math.round(value * 10) / 10 : Math.round(value)).toString();
}

/** Decimal units: 1 GB is 10^9 bytes. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes <= 0) return `0${NBSP}B`;
  let value = bytes;
  let unit = 0;
  // 999.95 would be shown as "1000" of the smaller unit.
  while (unit < BYTE_UNITS.length - 1 && Number(brief(value)) >= 1000) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : brief(value)}${NBSP}${BYTE_UNITS[unit]}`;
}

/** 0 to 1, whatever came in. */
export function clampFraction(fraction: number): number {
  return Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
}

/** Rounds down, so that 100 % means finished. */
export function formatProgress(fraction: number): string {
  return `${Math.floor(clampFraction(fraction) * 100)}${NBSP}%`;
}

/** Whole percentages of parts of one whole that add up to 100: the largest remainders are rounded up. */
export function wholePercentages(shares: readonly number[]): number[] {
  const parts = shares.map((share) => Number.isFinite(share) ? Math.max(0, share) : 0);
  const sum = parts.reduce((total, part) => total + part, 0);
  if (sum === 0) return parts.map(() => 0);
  const exact = parts.map((part) => (part / sum) * 100);
  const result = exact.map(Math.floor);
  const byRemainder = exact.map((value, index) => ({ index, remainder: value % 1 }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  const missing = 100 - result.reduce((total, part) => total + part, 0);
  for (const { index } of byRemainder.slice(0, missing)) result[index] = (result[index] ?? 0) + 1;
  return result;
}

export function formatPercent(percent: number): string {
  return `${Math.round(percent)}${NBSP}%`;
}

export function formatDuration(ms: number): string {
  if (ms < 10) return `${brief(ms)}${NBSP}ms`;
  if (Math.round(ms) < 1000) return `${Math.round(ms)}${NBSP}ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${brief(seconds)}${NBSP}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}${NBSP}min ${whole % 60}${NBSP}s`;
}

/** Of a network: a tenth of a millisecond counts on a cable, and not around the world. */
export function formatRoundTrip(ms: number): string {
  return `${brief(ms)}${NBSP}ms`;
}

export function formatRate(tokensPerSecond: number): string {
  return `${brief(tokensPerSecond)}${NBSP}tokens/s`;
}

/** "1 machine", "3 machines". */
export function countOf(count: number, noun: string): string {
  return `${count}${NBSP}${noun}${count === 1 ? "" : "s"}`;
}

/** "a", "a and b", "a, b and 3 more". */
export function listNames(names: readonly string[], max = 3): string {
  const more = names.length - max;
  const shown = more > 0 ? [...names.slice(0, max), `${more} more`] : [...names];
  const last = shown.pop() ?? "";
  return shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
}

/** The end of an id, which differs most. */
export function shortId(id: string): string {
  return `…${id.slice(-6)}`;
}

/** A name from another machine, safe inside a sentence: one line, no direction tricks, not endless. */
export function displayName(name: string): string {
  const chars = [...name.replace(STEERING, "").trim()];
  if (chars.length <= NAME_CHARS_MAX) return chars.join("");
  // The digits that tell two models of one name apart are not cut off.
  const end = /@[0-9a-f]{8}$/.exec(name)?.[0] ?? "";
  return `${chars.slice(0, NAME_CHARS_MAX - 1 - end.length).join("")}…${end}`;
}

/** A sentence that the node or its llama.cpp made, with words of others in it: one line, without what steers it. */
export function displayText(text: string): string {
  const shown = text.slice(0, TEXT_CHARS_MAX).replace(STEERING, " ").trim();
  return text.length <= TEXT_CHARS_MAX ? shown : `${shown}…`;
}

/** Hours, minutes and seconds on this machine's clock. */
export function formatClock(epochMs: number): string {
  const date = new Date(epochMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => part.toString().padStart(2, "0")).join(":");
}

/** Tokens of a context: "128 K" is 131,072. */
export function formatContext(tokens: number): string {
  if (tokens < 1024) return tokens.toString();
  const [value, unit] = tokens < 1024 * 1024 ? [tokens / 1024, "K"] : [tokens / 1024 / 1024, "M"];
  return `${brief(value)}${NBSP}${unit}`;
}

/** A name short enough to stand below a circle. */
export function shortName(name: string, max = 15): string {
  const chars = [...name];
  return chars.length <= max ? name : `${chars.slice(0, max - 1).join("")}…`;
}

/** Day and minute on this machine's clock: 2026-01-31 09:05. */
export function formatDate(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (part: number) => part.toString().padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${formatClock(epochMs).slice(0, "00:00".length)}`;
}
