/** Versions such as `2.36`, `535.183.01` and `8.0.0`, number by number; a part that is missing counts as 0. */
export function compareVersions(a: string, b: string): number {
  const [ofA, ofB] = [a, b].map((version) => version.split(".").map(Number));
  for (let index = 0; index < Math.max(ofA?.length ?? 0, ofB?.length ?? 0); index++) {
    const difference = (ofA?.[index] ?? 0) - (ofB?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
