/** Semantic versions (SemVer 2.0.0) in the order of their precedence. Pure. */

const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Without metadata of a build: no release has any. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** Negative where `a` comes before `b`. A preliminary version, with a hyphen, comes before the final one. */
export function compareReleases(a: string, b: string): number {
  const [ofA, ofB] = [partsOf(a), partsOf(b)];
  return compareLists(ofA.numbers, ofB.numbers) ||
    Number(ofA.words.length === 0) - Number(ofB.words.length === 0) ||
    compareLists(ofA.words, ofB.words);
}

function partsOf(version: string) {
  const hyphen = version.indexOf("-");
  const numbers = hyphen < 0 ? version : version.slice(0, hyphen);
  const words = hyphen < 0 ? [] : version.slice(hyphen + 1).split(".");
  return { numbers: numbers.split("."), words };
}

/** Of two lists that agree as far as both go the longer one comes later. */
function compareLists(a: readonly string[], b: readonly string[]): number {
  for (const [index, word] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const difference = compareWords(word, other);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Numbers come before words, and are compared as numbers. */
function compareWords(a: string, b: string): number {
  const [isNumber, otherIsNumber] = [a, b].map((word) => /^\d+$/.test(word));
  if (isNumber && otherIsNumber) return Number(a) - Number(b);
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
