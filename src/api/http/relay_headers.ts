/**
 * The headers of a caller that llama-server reads. No others are passed on: credentials and cookies are for this node
 * only, and the instance may be on another node.
 */
const ASKED = ["accept", "anthropic-beta", "anthropic-version", "content-type", "user-agent"];

/** The headers of an answer that a caller needs. Rules for browsers (CORS, cookies) are this node's to make. */
const ANSWERED = [
  "cache-control",
  "content-encoding",
  "content-length",
  "content-type",
  "retry-after",
  "x-accel-buffering",
];

export function headersToAsk(from: Headers): Headers {
  const to = new Headers();
  copy(ASKED, from, to);
  // The answer passes through as bytes; an encoding would be undone on the way.
  to.set("accept-encoding", "identity");
  return to;
}

export function copyHeadersToAnswer(from: Headers, to: Headers): void {
  copy(ANSWERED, from, to);
}

function copy(names: readonly string[], from: Headers, to: Headers): void {
  for (const name of names) {
    const value = from.get(name);
    if (value !== null) to.set(name, value);
  }
}
