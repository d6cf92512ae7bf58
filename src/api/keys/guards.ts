import type { Logger } from "@logtape/logtape";
import type { Context, Hono, MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { RETRY_AFTER_S } from "../base/defaults.ts";
import { isCrossSite, isOwnHost, type OwnHosts, type RequestOrigin } from "../http/hosts.ts";
import type { CallerEnds } from "../http/local_user.ts";
import { type ApiKey, type KeyRing, presentedKey } from "./keys.ts";
import { answerFor, CONTENT_CODINGS, type Refusal, RefusedError } from "../http/openai_errors.ts";
import type { RefusalCounts } from "../http/refusal_counts.ts";
import { rateLimitHeaders, type RateLimits } from "./rate_limit.ts";

/** Refusals that another attempt may not meet. */
const MAY_TRY_AGAIN: readonly Refusal["kind"][] = [
  "overloaded",
  "not-warm",
  "unreachable",
  "guesses",
];

/** The values that every route of both ports may read of its request. */
export type ApiEnv = {
  Bindings: {
    /** The caller's connection; none where a test asks without one. */
    readonly connection?: CallerEnds;
  };
  Variables: {
    requestId: string;
    /** Whose request it is, where keys are required. */
    key?: ApiKey;
  };
};

export interface IdentifyOptions {
  /** PeerId of this node. */
  readonly self: string;
  readonly newId: () => string;
}

/** Gives the request its id, the caller's own where that is sane, and names the host that answered. */
export function identify({ self, newId }: IdentifyOptions): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const given = c.req.header("x-request-id");
    c.set("requestId", given !== undefined && /^[\w.:=-]{1,128}$/.test(given) ? given : newId());
    await next();
    // An answer that came through an inner app, or from another host, says so already.
    if (!c.res.headers.has("x-request-id")) c.header("x-request-id", c.get("requestId"));
    if (!c.res.headers.has("x-mesh-host")) c.header("x-mesh-host", self);
  };
}

/**
 * Refuses what was meant for somebody else: a page that rebinds its own name to our address. Such a page has no key, so
 * whoever sends one may call this node what they like.
 */
export function answerOwnHosts(
  own: OwnHosts,
  isKeyed: (headers: Headers) => boolean,
): MiddlewareHandler {
  return async (c, next) => {
    const header = c.req.header("host") ?? null;
    const isOwn = header !== null && isOwnHost(header, own) &&
      isOwnAuthority(c.req.url, header, own);
    if (!isOwn && !isKeyed(c.req.raw.headers)) {
      throw new RefusedError({ kind: "foreign-host", host: header });
    }
    await next();
  };
}

/**
 * A request line with a whole URL overrides the header (RFC 9112, 3.2.2). Deno keeps it in the URL.
 * @param ownHost a header that names this node: the usual URL begins with it, and need not be parsed.
 */
function isOwnAuthority(url: string, ownHost: string, own: OwnHosts): boolean {
  return url.startsWith(`http://${ownHost}/`) || isOwnHost(URL.parse(url)?.host ?? "", own);
}

/** Refuses requests that a page of another site makes with its visitor's browser. */
export function refuseCrossSite(): MiddlewareHandler {
  return async (c, next) => {
    if (isCrossSite(originOf(c))) throw new RefusedError({ kind: "cross-site" });
    await next();
  };
}

/**
 * Refuses forms of other sites. A browser sends these without asking first, so that a page could make a
 * node without a key work; JSON it sends only after a permission that such a node never gives.
 */
export function refuseForeignForms(): MiddlewareHandler {
  return async (c, next) => {
    const isForm = c.req.header("content-type")?.toLowerCase().startsWith("multipart/") ?? false;
    if (isForm && isCrossSite(originOf(c))) throw new RefusedError({ kind: "cross-site" });
    await next();
  };
}

/** The browser's statement about the page that makes this request. */
function originOf(c: Context): RequestOrigin {
  return {
    method: c.req.method,
    host: c.req.header("host") ?? "",
    origin: c.req.header("origin") ?? null,
    site: c.req.header("sec-fetch-site") ?? null,
    mode: c.req.header("sec-fetch-mode") ?? null,
    destination: c.req.header("sec-fetch-dest") ?? null,
  };
}

/** Lets only callers with a key pass; everybody where there is none. */
export function requireKey(ring: KeyRing): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!ring.isEmpty) {
      const given = presentedKey(c.req.raw.headers);
      const key = given === null ? null : ring.find(given);
      if (key === null) throw new RefusedError({ kind: "key", given: given !== null });
      c.set("key", key);
    }
    await next();
  };
}

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

/** Refuses what comes while the node stops. */
export function answerUntil(closing: AbortSignal | undefined): MiddlewareHandler {
  return async (_c, next) => {
    if (closing?.aborted) throw new RefusedError({ kind: "stopping" });
    await next();
  };
}

/** Answers what no route did, and what routes threw, in OpenAI's shape. */
export function answerErrors<Env extends ApiEnv>(
  app: Hono<Env>,
  { logger, refusals }: { readonly logger: Logger; readonly refusals?: RefusalCounts | undefined },
): void {
  const answer = (c: Context, refusal: Refusal) => {
    refusals?.count(refusal.kind);
    return refuse(c, refusal);
  };
  app.notFound((c) => answer(c, { kind: "unknown-path", method: c.req.method, path: c.req.path }));
  app.onError((error, c) => {
    if (error instanceof RefusedError) return answer(c, error.refusal);
    if (error instanceof HTTPException && error.status < 500) {
      return answer(c, { kind: "bad-body", reason: error.message });
    }
    // Nobody hears it, and it is the caller who ended the request.
    if (c.req.raw.signal.aborted) return refuse(c, { kind: "internal" });
    logger.error("Could not answer {method} {path}: {error}", {
      method: c.req.method,
      path: c.req.path,
      error,
    });
    return answer(c, { kind: "internal" });
  });
}

function refuse(c: Context, refusal: Refusal): Response {
  const { status, body } = answerFor(refusal);
  if (refusal.kind === "key" || refusal.kind === "admin-key") {
    c.header("www-authenticate", "Bearer");
  }
  if (refusal.kind === "content-encoding") c.header("accept-encoding", CONTENT_CODINGS.join(", "));
  if (MAY_TRY_AGAIN.includes(refusal.kind)) c.header("retry-after", String(RETRY_AFTER_S));
  return c.json(body, status);
}
