import type { RpcVersion } from "./layouts.ts";

const CAPABILITY_BYTES = 24;
/** Version, one byte of padding, capabilities: replies since protocol 4 or 5. */
const LONG_REPLY_BYTES = 4 + CAPABILITY_BYTES;

/** Major, minor and patch stand first in every version of the reply. */
export function readHelloReply(payload: Uint8Array): RpcVersion | undefined {
  const [major, minor, patch] = payload;
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return { major, minor, patch };
}

/**
 * The payload of a HELLO, either way, offering nothing: the capabilities can agree on RDMA, and then
 * llama.cpp would leave the tunnel.
 */
export function withoutCapabilities(payload: Uint8Array): Uint8Array {
  const at = payload.length - CAPABILITY_BYTES;
  if (payload.length !== CAPABILITY_BYTES && payload.length !== LONG_REPLY_BYTES) return payload;
  const cleared = payload.slice();
  cleared.fill(0, at);
  return cleared;
}
