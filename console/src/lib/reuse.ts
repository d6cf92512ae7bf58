/**
 * `next`, with every part that equals its counterpart in `previous` replaced by that counterpart: what did
 * not change stays the same object, and is not drawn again. For JSON values. Pure.
 */
export function reuse<T>(previous: unknown, next: T): T {
  if (Object.is(previous, next)) return next;
  if (Array.isArray(next)) {
    return Array.isArray(previous) ? reuseArray(previous, next) as T : next;
  }
  return isRecord(next) && isRecord(previous) && !Array.isArray(previous)
    ? reuseRecord(previous, next) as T
    : next;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function reuseArray(previous: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  const shared = next.map((item, index) => reuse(previous[index], item));
  const same = previous.length === shared.length &&
    shared.every((item, index) => Object.is(item, previous[index]));
  return same ? previous : shared;
}

function reuseRecord(
  previous: Record<string, unknown>,
  next: Record<string, unknown>,
): Record<string, unknown> {
  const keys = Object.keys(next);
  const shared = Object.fromEntries(keys.map((key) => [key, reuse(previous[key], next[key])]));
  const same = Object.keys(previous).length === keys.length &&
    keys.every((key) => Object.hasOwn(previous, key) && Object.is(shared[key], previous[key]));
  return same ? previous : shared;
}
