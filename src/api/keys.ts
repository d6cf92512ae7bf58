import { createHash, timingSafeEqual } from "node:crypto";

/** The key that a caller sends: OpenAI's clients as a bearer, Anthropic's as `x-api-key`. */
export function presentedKey(headers: Headers): string | null {
  const bearer = /^Bearer +(.+)$/i.exec(headers.get("authorization") ?? "");
  return bearer?.[1]?.trim() ?? headers.get("x-api-key");
}

/** Compares in a time that depends on neither key: of equal length are only their digests. */
export function isSameKey(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}
