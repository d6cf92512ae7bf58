import { type Bucket, leftOf, type Rate, refilledInMs, spend } from "../../base/token_bucket.ts";
import { LIMITED_KEYS_MAX } from "../base/defaults.ts";
import type { ApiKey } from "./keys.ts";

/** The key whose use is counted, and its limits. */
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

type Kind = Allowance["of"];

/** As they were when the key was last used. */
type Use = Readonly<Record<Kind, Bucket>>;

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

  #take(limits: Limits, taken: Readonly<Record<Kind, number>>, nowMs: number): void {
    if (limits.requestsPerMinute === null && limits.tokensPerMinute === null) return;
    const use = this.#uses.get(limits.name);
    const after = (of: Kind) =>
      spend(use?.[of], rateOf(perMinuteOf(limits, of) ?? 0), taken[of], nowMs);
    this.#uses.delete(limits.name);
    this.#uses.set(limits.name, { requests: after("requests"), tokens: after("tokens") });
    const [oldest] = this.#uses.keys();
    if (this.#uses.size > LIMITED_KEYS_MAX && oldest !== undefined) this.#uses.delete(oldest);
  }

  #allowances(limits: Limits, nowMs: number): Allowance[] {
    return (["requests", "tokens"] as const).flatMap((of) => {
      const perMinute = perMinuteOf(limits, of);
      if (perMinute === null) return [];
      const rate = rateOf(perMinute);
      const left = leftOf(this.#uses.get(limits.name)?.[of], rate, nowMs);
      return [{ of, perMinute, left, resetMs: refilledInMs(left, perMinute, rate) }];
    });
  }
}

/** One whole request or token has to be there. */
function retryAfterMs({ left, perMinute }: Allowance): number {
  return refilledInMs(left, 1, rateOf(perMinute));
}

function rateOf(perMinute: number): Rate {
  return { burst: perMinute, perMinute };
}

function perMinuteOf(limits: Limits, of: Kind): number | null {
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
