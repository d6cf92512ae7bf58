/**
 * What the operating system says of an operation that failed, to complete a sentence that begins with what was attempted:
 * "permission denied". `null` where the error did not come from there.
 */
export function systemReason(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") {
    return null;
  }
  const [, ofDeno] = /^(.*?) \(os error \d+\)/s.exec(error.message) ?? [];
  const [, ofNode] = /^E[A-Z0-9]+: (.*?)(?:, \w+(?: '.*)?)?$/s.exec(error.message) ?? [];
  const words = ofDeno ?? ofNode;
  return words === undefined ? null : words.charAt(0).toLowerCase() + words.slice(1);
}
