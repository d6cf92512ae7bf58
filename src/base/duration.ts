/** Times as people write them: a number and a unit, such as `15m`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Ten years are as good as none, and what is beyond them is a slip of the finger. */
const DURATION_MAX_MS = 10 * 366 * 86_400_000;

/** Milliseconds; `undefined` where the text is no such time, or none at all. */
export function durationMs(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,7})([smhdw])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNIT_MS[unit] ?? 0);
  return ms > 0 && ms <= DURATION_MAX_MS ? ms : undefined;
}

/** As it is written, in the largest unit without a rest. */
export function durationText(ms: number): string {
  const [unit, unitMs] = Object.entries(UNIT_MS).findLast(([, unitMs]) => ms % unitMs === 0) ??
    ["s", 1_000];
  return `${ms / unitMs}${unit}`;
}
