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

/** As pairs, in the shape that crosses the tunnel. */
export type HeaderPairs = [name: string, value: string][];

export function pairsOf(headers: Headers): HeaderPairs {
  const pairs: HeaderPairs = [];
  headers.forEach((value, name) => pairs.push([name, value]));
  return pairs;
}

export function addPairs(to: Headers, pairs: Readonly<HeaderPairs>): void {
  for (const [name, value] of pairs) to.append(name, value);
}

/** The headers of a caller that go to a llama-server, here or elsewhere. */
export function requestHeaders(from: Headers): HeaderPairs {
  const pairs: HeaderPairs = [];
  const isDropped = (name: string) =>
    NEVER_ASKED.includes(name) || /^(x-forwarded-|sec-)/.test(name);
  eachKept(from, isDropped, (name, value) => pairs.push([name, value]));
  return pairs;
}

/** Copies what of llama-server's headers goes back to the caller. */
export function copyReplyHeaders(from: Headers, to: Headers): void {
  const isDropped = (name: string) =>
    NEVER_ANSWERED.includes(name) || name.startsWith("access-control-");
  eachKept(from, isDropped, (name, value) => to.append(name, value));
}

/** By `forEach`, and with no `Headers` made of another: these, and the iterator, are most of a request's cost. */
function eachKept(
  from: Headers,
  isDropped: (name: string) => boolean,
  keep: (name: string, value: string) => void,
): void {
  const named = from.get("connection")?.toLowerCase().split(",").map((name) => name.trim()) ?? [];
  from.forEach((value, name) => {
    if (PER_CONNECTION.includes(name) || named.includes(name) || isDropped(name)) return;
    keep(name, value);
  });
}
