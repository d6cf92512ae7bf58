/** Guards against requests that were meant for somebody else, or that a page makes behind its visitor's back. */

import type { Context, MiddlewareHandler } from "hono";
import { isCrossSite, isOwnHost, type OwnHosts, type RequestOrigin } from "./hosts.ts";
import { RefusedError } from "./openai_errors.ts";

/**
 * Refuses what was meant for somebody else: a page that rebinds its own name to our address. Such a page has no key, so
 * a caller that sends one may call this node what it likes.
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
export function originOf(c: Context): RequestOrigin {
  return {
    method: c.req.method,
    host: c.req.header("host") ?? "",
    origin: c.req.header("origin") ?? null,
    site: c.req.header("sec-fetch-site") ?? null,
    mode: c.req.header("sec-fetch-mode") ?? null,
    destination: c.req.header("sec-fetch-dest") ?? null,
  };
}
