/** The name itself, else all those that differ from it in letter case only. */
export function sameName(asked: string, names: readonly string[]): readonly string[] {
  if (names.includes(asked)) return [asked];
  const wanted = asked.toLowerCase();
  return names.filter((name) => name.toLowerCase() === wanted);
}

/** Those that begin like it, in any letter case. */
export function begunNames(asked: string, names: readonly string[]): readonly string[] {
  const wanted = asked.toLowerCase();
  return names.filter((name) => name.toLowerCase().startsWith(wanted));
}
