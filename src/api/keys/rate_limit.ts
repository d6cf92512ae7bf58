import { LIMITED_KEYS_MAX } from "../base/defaults.ts";
import type { ApiKey } from "./keys.ts";

const MINUTE_MS = 60_000;

/** Whose use is counted, and how much there may be of it. */
export type Limits = Pick<ApiKey, "name" | "requestsPerMinute" | "tokensPerMinute">;

/** The rest of one limit at one moment. */
export interface Allowance {
  readonly of: "requests" | "tokens";
  readonly perMinute: number;
  /** Below zero where more was used than there was: what an answer costs is known at its end. */
  readonly left: number;
  /** Until it is whole again. */
  readonly resetMs: number;
}

export interface Admission {
  readonly allowances: readonly Allowance[];
  /** The limit that is used up, and when a request may come again; `null` where it may now. */
  readonly refused: (Allowance & { readonly retryAfterMs: number }) | null;
}

interface Use {
  /** Tokens and requests that may still be used, as they were at `atMs`. */
  readonly left: Readonly<Record<Allowance["of"], number>>;
  readonly atMs: number;
}

/**
 * Requests and tokens that each key has left: a bucket that holds one minute's worth and fills evenly.
 * A request is let in while both have something, and its tokens are taken when its answer has ended.
 */
export class RateLimits {
  /** The key that was used last is the last. */
  readonly #uses = new Map<string, Use>();

  /** Takes one request, or says when to come again. */
  admit(limits: Limits, nowMs: number): Admission {
    const before = this.#allowances(limits, nowMs);
    const waits = before.map((one) => ({ ...one, retryAfterMs: retryAfterMs(one) }));
    const refused = waits.filter((one) => one.retryAfterMs > 0)
      .sort((a, b) => b.retryAfterMs - a.retryAfterMs)[0] ?? null;
    if (refused === null) this.#take(limits, { requests: 1, tokens: 0 }, nowMs);
    return { allowances: this.#allowances(limits, nowMs), refused };
  }

  /** Takes what an answer has cost. */
  charge(limits: Limits, tokens: number, nowMs: number): void {
    this.#take(limits, { requests: 0, tokens }, nowMs);
  }

  #take(limits: Limits, taken: Use["left"], nowMs: number): void {
    if (limits.requestsPerMinute === null && limits.tokensPerMinute === null) return;
    const left = this.#left(limits, nowMs);
    this.#uses.delete(limits.name);
    this.#uses.set(limits.name, {
      left: { requests: left.requests - taken.requests, tokens: left.tokens - taken.tokens },
      atMs: nowMs,
    });
    const [oldest] = this.#uses.keys();
    if (this.#uses.size > LIMITED_KEYS_MAX && oldest !== undefined) this.#uses.delete(oldest);
  }

  #allowances(limits: Limits, nowMs: number): Allowance[] {
    const left = this.#left(limits, nowMs);
    return (["requests", "tokens"] as const).flatMap((of) => {
      const perMinute = perMinuteOf(limits, of);
      if (perMinute === null) return [];
      const resetMs = (perMinute - left[of]) * MINUTE_MS / perMinute;
      return [{ of, perMinute, left: left[of], resetMs }];
    });
  }

  #left(limits: Limits, nowMs: number): Use["left"] {
    const use = this.#uses.get(limits.name);
    const of = (kind: Allowance["of"]) => {
      const perMinute = perMinuteOf(limits, kind) ?? 0;
      if (use === undefined) return perMinute;
      const refilled = (nowMs - use.atMs) * perMinute / MINUTE_MS;
      return Math.min(perMinute, use.left[kind] + Math.max(0, refilled));
    };
    return { requests: of("requests"), tokens: of("tokens") };
  }
}

/** One whole request or token has to be there. */
function retryAfterMs({ left, perMinute }: Allowance): number {
  return Math.max(0, (1 - left) * MINUTE_MS / perMinute);
}

function perMinuteOf(limits: Limits, of: Allowance["of"]): number | null {
  return of === "requests" ? limits.requestsPerMinute : limits.tokensPerMinute;
}

/** The headers that OpenAI's clients read. */
export function rateLimitHeaders({ allowances, refused }: Admission): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { of, perMinute, left, resetMs } of allowances) {
    headers[`x-ratelimit-limit-${of}`] = String(perMinute);
    headers[`x-ratelimit-remaining-${of}`] = String(Math.max(0, Math.floor(left)));
    headers[`x-ratelimit-reset-${of}`] = `${seconds(resetMs)}s`;
  }
  if (refused !== null) headers["retry-after"] = String(seconds(refused.retryAfterMs));
  return headers;
}

/** Never too early. */
function seconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}
