import { LOOPBACK } from "../base/defaults.ts";

/**
 * A loopback port that nobody listens on. llama.cpp's servers take no port 0, so the port is let go
 * of before they take it; the kernel does not soon hand the same one out again.
 */
export function freePort(): number {
  using listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  return listener.addr.port;
}
