/** The known names that a name in a request may stand for. */
export type NameMatch =
  | { readonly kind: "one"; readonly name: string }
  | { readonly kind: "several"; readonly names: readonly string[] }
  | { readonly kind: "none" };

/**
 * The name itself, else the one that differs in letter case only, else the one that begins like it, in any case. If
 * several would do equally well, none is taken.
 */
export function matchName(asked: string, names: readonly string[]): NameMatch {
  if (names.includes(asked)) return { kind: "one", name: asked };
  const wanted = asked.toLowerCase();
  const same = names.filter((name) => name.toLowerCase() === wanted);
  const found = same.length > 0
    ? same
    : names.filter((name) => name.toLowerCase().startsWith(wanted));
  const [first, ...others] = found;
  if (first === undefined) return { kind: "none" };
  return others.length > 0 ? { kind: "several", names: found } : { kind: "one", name: first };
}
