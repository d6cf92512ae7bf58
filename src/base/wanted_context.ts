/** The context that a request counts on, on the way to the node that has the model. */

const HEADER = "x-mesh-context";

/** The field by which a caller says so, in a refusal. */
export const ROOM_PARAM = "options.num_ctx";

export function sayWantedContext(headers: Headers, tokens: number): void {
  headers.set(HEADER, String(Math.ceil(tokens)));
}

/** `undefined` where the request says nothing, or what cannot be. */
export function readWantedContext(headers: Headers): number | undefined {
  const said = headers.get(HEADER);
  return said !== null && /^\d{1,10}$/.test(said) ? Number(said) : undefined;
}
