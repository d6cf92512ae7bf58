import type { MiddlewareHandler } from "hono";
import { RefusedError } from "../http/openai_errors.ts";
import type { ApiEnv } from "./api_env.ts";
import { rateLimitHeaders, type RateLimits } from "./rate_limit.ts";

/** Holds each key to its requests and tokens a minute, and tells its holder what is left. */
export function limitRates(limits: RateLimits, now: () => number): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const key = c.get("key");
    if (key === undefined) return await next();
    const admission = limits.admit(key, now());
    const headers = rateLimitHeaders(admission);
    const tell = () => Object.entries(headers).forEach(([name, value]) => c.header(name, value));
    const { refused } = admission;
    if (refused !== null) {
      tell();
      const { of, perMinute } = refused;
      const retryAfterS = Number(headers["retry-after"]);
      throw new RefusedError({ kind: "rate-limit", of, perMinute, retryAfterS });
    }
    await next();
    tell();
  };
}
