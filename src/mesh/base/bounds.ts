/** The largest numbers that nodes tell each other, for sums of them are made. */

import { z } from "zod";

/** A petabyte, so that the sum of a thousand is still exact. */
export const MAX_BYTES = 2 ** 50;
export const MAX_TERM = 2 ** 50;
export const MAX_CONTEXT = 2 ** 31;
export const MAX_RTT_MS = 2 ** 20;

export const byteCount: z.ZodType<number> = z.number().int().min(0).max(MAX_BYTES);

export function asByteCount(value: number): number {
  return Math.trunc(within(value, MAX_BYTES));
}

/** A value that is no number counts as 0. */
export function within(value: number, most: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(value, 0), most);
}
