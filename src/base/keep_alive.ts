/** How long a model stays loaded after an answer, as its request says it, on the way to the node that has the model. */

/** Milliseconds; `null` is for ever. */
export type KeepAlive = number | null;

const HEADER = "x-mesh-keep-alive";

const FOR_EVER = "never";

/** A century. */
const MOST_MS = 100 * 365 * 24 * 3_600_000;

export function sayKeepAlive(headers: Headers, keepAlive: KeepAlive): void {
  const ms = keepAlive === null ? FOR_EVER : String(Math.min(Math.round(keepAlive), MOST_MS));
  headers.set(HEADER, ms);
}

/** `undefined` where the request says nothing, or what cannot be. */
export function readKeepAlive(headers: Headers): KeepAlive | undefined {
  const said = headers.get(HEADER);
  if (said === FOR_EVER) return null;
  return said !== null && /^\d{1,13}$/.test(said) ? Math.min(Number(said), MOST_MS) : undefined;
}
