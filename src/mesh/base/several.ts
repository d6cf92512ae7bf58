/**
 * Of what a node may have several of, nodes of earlier versions know one. So the first stands in a message where they
 * read it, and the others in its `more`, which is absent where there are none: one list can't contradict the other.
 */

import { z } from "zod";
import { MAX_AT_ONCE } from "./message_defaults.ts";

/** The others of each list, as a message has them. */
export function otherThanFirst<const Item extends z.ZodType>(item: Item) {
  return z.array(item).max(MAX_AT_ONCE - 1).default([]);
}

/** The whole list as it is read: without a first there are no others, for earlier versions see none. */
export function several<T>(first: T | null, others: readonly T[], keyOf: (one: T) => string): T[] {
  return first === null ? [] : distinct([first, ...others], keyOf);
}

/** As many as a message takes, each once. */
export function distinct<T>(list: readonly T[], keyOf: (one: T) => string): T[] {
  const kept = new Map<string, T>();
  for (const one of list) if (!kept.has(keyOf(one))) kept.set(keyOf(one), one);
  return [...kept.values()].slice(0, MAX_AT_ONCE);
}

/** The others of each list, for a message that has the first of each. */
export function moreOf(lists: Readonly<Record<string, readonly unknown[]>>): object {
  const others = Object.entries(lists).filter(([, list]) => list.length > 1)
    .map(([name, list]) => [name, list.slice(1)] as const);
  return others.length === 0 ? {} : { more: Object.fromEntries(others) };
}
