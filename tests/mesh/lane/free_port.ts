/** A port that no TCP connection of this machine has: on a busy one any number may be in use by one that goes out. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "::", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
