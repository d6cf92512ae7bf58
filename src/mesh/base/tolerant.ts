/** How a message of a later version is read: what this one does not know is left out, or is the most harmless that it knows. */

import { z } from "zod";

/** One of the words that are known. A word of a later version counts as `otherwise`. */
export function wordOf<const Word extends string, const Other extends string>(
  known: readonly Word[],
  otherwise: Other,
): z.ZodType<Word | Other> {
  return z.string().transform((told) => known.find((word) => word === told) ?? otherwise);
}

/** A field that a node of an earlier version does not send is unknown: `null`. */
export function untold<T>(value: z.ZodType<T>): z.ZodType<T | null> {
  return value.nullable().default(null);
}

/** A list whose places have a meaning. Further places of a later version are left out. */
export function places<const Items extends readonly [z.ZodType, ...z.ZodType[]]>(...items: Items) {
  const known = (list: unknown) => Array.isArray(list) ? list.slice(0, items.length) : list;
  return z.preprocess(known, z.tuple(items));
}

/** A list that begins with a kind which is none of these. */
export function otherKindThan(kinds: readonly string[]): z.ZodType<undefined> {
  return z.tuple([z.string().refine((kind) => !kinds.includes(kind))]).rest(z.unknown())
    .transform(() => undefined);
}
