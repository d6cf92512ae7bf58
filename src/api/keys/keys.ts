import { createHash, timingSafeEqual } from "node:crypto";

/** A key that callers of the API send, and what it allows them. `null` is no limit. */
export interface ApiKey {
  /** For people: records, messages and metrics say it in place of the key. */
  readonly name: string;
  readonly key: string;
  readonly models: readonly string[] | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  /** Its holder may change this node: fetch and delete models, set them up, make keys. @default {false} */
  readonly manage?: boolean;
}

/** The keys of a port. */
export class KeyRing {
  #keys: readonly { readonly key: ApiKey; readonly digest: Uint8Array }[] = [];

  constructor(keys: readonly ApiKey[]) {
    this.replace(keys);
  }

  /** From the next request on these count. */
  replace(keys: readonly ApiKey[]): void {
    this.#keys = keys.map((key) => ({ key, digest: digestOf(key.key) }));
  }

  /** Without keys everybody may come in. */
  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  /** Takes a time that depends on no key: of equal length are only the digests, and all are compared. */
  find(given: string): ApiKey | null {
    const digest = digestOf(given);
    let found: ApiKey | null = null;
    for (const { key, digest: expected } of this.#keys) {
      if (timingSafeEqual(digest, expected)) found = key;
    }
    return found;
  }
}

/** True where a request has a key of one of the rings. */
export function hasKeyOf(rings: readonly KeyRing[]): (headers: Headers) => boolean {
  return (headers) => {
    const given = presentedKey(headers);
    return given !== null && rings.some((ring) => ring.find(given) !== null);
  };
}

/** A key without limits. */
export function fullKey(name: string, key: string): ApiKey {
  return { name, key, models: null, requestsPerMinute: null, tokensPerMinute: null };
}

/** The key that a caller sends: OpenAI's clients as a bearer, Anthropic's as `x-api-key`. */
export function presentedKey(headers: Headers): string | null {
  const bearer = /^Bearer +(.+)$/i.exec(headers.get("authorization") ?? "");
  return bearer?.[1]?.trim() ?? headers.get("x-api-key");
}

function digestOf(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}
