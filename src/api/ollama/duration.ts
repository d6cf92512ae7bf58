const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** One number with its unit, as Go writes durations. */
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** Milliseconds of a number of seconds or of a duration like `1h30m`; `null` for anything else. Less than 0 is for ever. */
export function parseDurationMs(value: number | string): number | null {
  if (typeof value === "number") return value * 1_000;
  if (/^-?\d+$/.test(value)) return Number(value) * 1_000;
  const [, sign, parts = ""] = /^([+-]?)(.+)$/.exec(value) ?? [];
  if (parts.replaceAll(PART, "") !== "") return null;
  const found = [...parts.matchAll(PART)];
  if (found.length === 0) return null;
  const ms = found.reduce((sum, [, count, unit = ""]) => sum + Number(count) * UNITS_MS[unit]!, 0);
  return sign === "-" ? -ms : ms;
}
