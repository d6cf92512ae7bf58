/** Prints how long dials take, in milliseconds, beside a flood of handshakes that never finish. */

import { SPARE_ACCEPTS } from "../../../src/mesh/quic/limits.ts";
import { parseQuicAddress } from "../../../src/mesh/quic/address.ts";
import { begin, bind, captureInitials } from "../../../tests/mesh/quic/flood.ts";
import { Endpoint } from "../../../tests/mesh/quic/links.ts";

const DIALS = 5;

async function dialBesideFlood(initials: readonly Uint8Array[]): Promise<number> {
  await using listener = await Endpoint.start();
  await using peer = await Endpoint.start();
  const address = await listener.listen();
  const socket = await bind();
  await begin(initials, socket, parseQuicAddress(address)!.port);
  const started = performance.now();
  await peer.dial(address);
  const elapsedMs = performance.now() - started;
  socket.close();
  return elapsedMs;
}

const times: number[] = [];
for (let dial = 0; dial < DIALS; dial++) {
  times.push(await dialBesideFlood(await captureInitials(2 * SPARE_ACCEPTS)));
}
Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(times)}\n`));
Deno.exit(0);
