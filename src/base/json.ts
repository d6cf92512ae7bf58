/** The value, or `undefined` where the text is none: cut off by a crash, or something else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
