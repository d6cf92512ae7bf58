/** Belong to one connection (RFC 9110, 7.6.1), plus what fetch writes itself. */
const PER_CONNECTION = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/**
 * The caller's credentials are for our API, never for another node or for llama-server; its origin and
 * addresses are nobody's business there. Encodings: fetch would decode what the caller asked for.
 */
const NEVER_ASKED = [
  "accept-encoding",
  "api-key",
  "authorization",
  "content-length",
  "cookie",
  "expect",
  "forwarded",
  "host",
  "origin",
  "referer",
  "x-api-key",
];

/** Our API decides who may read an answer across origins. llama-server sends an empty permission. */
const NEVER_ANSWERED = ["set-cookie"];

/** Statuses that `Response` takes without a body only. */
export const WITHOUT_BODY: readonly number[] = [204, 205, 304];

/** What of a caller's headers goes to a llama-server, here or elsewhere. */
export function requestHeaders(from: Headers): Headers {
  return withoutConnection(
    from,
    (name) => NEVER_ASKED.includes(name) || /^(x-forwarded-|sec-)/.test(name),
  );
}

/** What of llama-server's headers goes back to the caller. */
export function replyHeaders(from: Headers): Headers {
  return withoutConnection(
    from,
    (name) => NEVER_ANSWERED.includes(name) || name.startsWith("access-control-"),
  );
}

function withoutConnection(from: Headers, isDropped: (name: string) => boolean): Headers {
  const named = from.get("connection")?.toLowerCase().split(",").map((name) => name.trim()) ?? [];
  const isKept = (name: string) =>
    !PER_CONNECTION.includes(name) && !named.includes(name) && !isDropped(name);
  return new Headers([...from].filter(([name]) => isKept(name)));
}
