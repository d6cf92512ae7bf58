import { closestMatch } from "leven";
import { MISTYPED_LETTERS } from "./defaults.ts";

/** The one that was meant, where one is close enough. */
export function closestName(word: string, names: readonly string[]): string | undefined {
  return closestMatch(word, [...names], { maxDistance: MISTYPED_LETTERS });
}
