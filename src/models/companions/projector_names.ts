/** Which model a projector is for, by the names that people publish them under. Pure. */

/** How a projector's name stands to a model's. */
export type NameRelation = "alike" | "unnamed" | "other";

/**
 * Quantisations, as the last part of a name most often: `Q4_K_M`, `IQ3_XXS`, `UD-Q4_K_XL`, `fp16`, `MXFP4_MOE`, `int4`, `Q4_0_4_8`.
 */
const QUANTISATION =
  /^(?:ud|i1|imat|imatrix|b?f16|fp16|fp32|f32|fp8|int[248]|i?q\d|tq[12]|mxfp4|nvfp4|moe|[0-9]|k|k[sml]|s|m|l|xl|xs|xxs|nl|p)$/;
const STARTS_QUANTISATION =
  /^(?:ud|i1|imat|imatrix|b?f16|fp16|fp32|f32|fp8|int[248]|i?q\d|tq[12]|mxfp4|nvfp4)$/;

/** Words and dates of a name that say what the file is, and not of which model. */
const GENERIC =
  /^(?:mmproj|model|ggml|gguf|text|vision|audio|encoder|projector|clip|adapter|20\d{6})$/;

/**
 * `NAME-mmproj-f16`, `mmproj-fp16`, `NAME.mmproj-Q8_0`, `mmproj-NAME-Q6_K`, `mmproj-PUBLISHER_NAME-f16`: what is left of a name
 * without the parts that say nothing of the model is compared word by word.
 */
export function nameRelation(projector: string, model: string): NameRelation {
  const words = wordsOf(projector);
  if (words.length === 0) return "unnamed";
  const names = [wordsOf(model), wordsOf(withoutPublisher(model))];
  const projectors = [words, wordsOf(withoutPublisher(projector))];
  const isAlike = names.some((a) => projectors.some((b) => beginsAlike(a, b)));
  return isAlike ? "alike" : "other";
}

/** The part of a name that all quantisations of a model have in common. */
export function familyOf(name: string): string {
  return wordsOf(name).join(" ");
}

function beginsAlike(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  return length > 0 && a.slice(0, length).every((word, index) => word === b[index]);
}

/** `google_gemma-3-4b-it` of one publisher is another's `gemma-3-4b-it`. */
function withoutPublisher(name: string): string {
  return name.replace(/^(mmproj-)?[a-z][a-z0-9-]*_(?=[a-z])/i, "$1");
}

function wordsOf(name: string): string[] {
  const words = name.toLowerCase().split(/[-_. ]+/).filter((word) => word !== "");
  const kept: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (GENERIC.test(word)) continue;
    if (!STARTS_QUANTISATION.test(word)) kept.push(word);
    else while (QUANTISATION.test(words[at + 1] ?? "")) at++;
  }
  return kept;
}
