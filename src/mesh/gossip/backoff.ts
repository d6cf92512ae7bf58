import { REDIAL_MIN_MS } from "../base/defaults.ts";

/**
 * How long to wait before the next dial: doubled with each failure up to `maxMs`, and spread over
 * half of that so that peers which lost each other do not dial in step.
 */
export function redialDelayMs(failures: number, maxMs: number, random: () => number): number {
  const full = Math.min(REDIAL_MIN_MS * 2 ** Math.min(failures, 16), maxMs);
  return full * (0.5 + random() / 2);
}
