/** Length of REGISTER_PEER, a command of llama.cpp's fork (docs/protocols.md): peer id u32, endpoint char[128]. */
export const REGISTER_PEER_BYTES = 132;

const ENDPOINT_AT = 4;
const ENDPOINT = /^127\.0\.0\.1:(\d{1,5})$/;

/** The worker's port for the peer that a port of the host leads to; `undefined` where there is none. */
export type TranslatePort = (hostPort: number) => number | undefined;

/**
 * The payload of a REGISTER_PEER with the worker's own port in it. The host names the peer by its own tunnel port,
 * which leads nowhere on the worker. An address that is in no map passes unchanged.
 */
export function rewriteRegisterPeer(payload: Uint8Array, translate: TranslatePort): Uint8Array {
  if (payload.length !== REGISTER_PEER_BYTES) return payload;
  const text = new TextDecoder().decode(payload.subarray(ENDPOINT_AT)).replace(/\0.*$/s, "");
  const [, port] = ENDPOINT.exec(text) ?? [];
  const own = port === undefined ? undefined : translate(Number(port));
  if (own === undefined) return payload;
  const rewritten = payload.slice();
  rewritten.fill(0, ENDPOINT_AT);
  rewritten.set(new TextEncoder().encode(`127.0.0.1:${own}`), ENDPOINT_AT);
  return rewritten;
}
