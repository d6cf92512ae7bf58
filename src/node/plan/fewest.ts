/**
 * The fewest of these items with which something holds that holds with all of them; of several such sets the one whose
 * items come first. If there are too many to try, the set is small, and none of it can be left out.
 * @param tries how often `holds` may be asked for the fewest
 */
export function fewest<T>(
  items: readonly T[],
  holds: (chosen: readonly T[]) => boolean,
  tries: number,
): readonly T[] {
  let left = tries;
  for (let size = 1; size < items.length && left > 0; size++) {
    for (const chosen of combinations(items, size)) {
      if (left-- <= 0) break;
      if (holds(chosen)) return chosen;
    }
  }
  if (left > 0) return items;
  const enough = prefix(items, holds);
  return enough.length > tries ? enough : needed(enough, holds);
}

/** As few from the front as will do, if more are never worse. */
function prefix<T>(items: readonly T[], holds: (chosen: readonly T[]) => boolean): readonly T[] {
  let [low, high] = [1, 1];
  while (high < items.length && !holds(items.slice(0, high))) {
    low = high + 1;
    high = Math.min(items.length, 2 * high);
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(items.slice(0, middle))) high = middle;
    else low = middle + 1;
  }
  return items.slice(0, low);
}

/** Without those that make no difference, the last first. */
function needed<T>(items: readonly T[], holds: (chosen: readonly T[]) => boolean): readonly T[] {
  return items.reduceRight<readonly T[]>((kept, item) => {
    const others = kept.filter((one) => one !== item);
    return holds(others) ? others : kept;
  }, items);
}

/** In the order of their items. */
function* combinations<T>(items: readonly T[], size: number, from = 0): Generator<readonly T[]> {
  if (size === 0) return yield [];
  for (let index = from; index <= items.length - size; index++) {
    for (const rest of combinations(items, size - 1, index + 1)) yield [items[index] as T, ...rest];
  }
}
