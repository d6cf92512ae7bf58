import assert from "node:assert/strict";
import { AcceptPool, acceptsToBegin } from "../../../src/mesh/quic/accept_pool.ts";
import { parseQuicAddress } from "../../../src/mesh/quic/address.ts";
import { MESH_TIMINGS } from "../../../src/mesh/config.ts";
import { SPARE_ACCEPTS } from "../../../src/mesh/quic/limits.ts";
import type { NativeConnection, NativeServer } from "../../../src/mesh/quic/native.ts";
import { begin, bind, captureInitials, send } from "./flood.ts";
import { Endpoint } from "./links.ts";

/** More than the spare accepts. */
const FLOOD = Number(Deno.env.get("MESH_LLM_FLOOD") ?? SPARE_ACCEPTS + 100);

Deno.test("acceptsToBegin() keeps spare ones, whatever hangs, up to the limit", () => {
  const begin = (pending: number, handshakes: number) =>
    acceptsToBegin({ pending, handshakes, spare: 4, max: 10 });
  assert.equal(begin(0, 0), 4);
  assert.equal(begin(4, 0), 0);
  assert.equal(begin(4, 3), 3);
  assert.equal(begin(9, 9), 1);
  assert.equal(begin(10, 10), 0);
  assert.equal(begin(10, 0), 0);
});

Deno.test("a port that fails every accept at once leaves time for all else, and serves again later", async () => {
  const native = { abort: () => {} } as NativeConnection;
  const failures = 20 * SPARE_ACCEPTS;
  let asked = 0;
  const server = {
    stats: () => ({ acceptedHandshakes: 0 }),
    inboundConnection: () => {
      asked += 1;
      if (asked <= failures) return Promise.reject(new Error("the socket is broken"));
      return asked === failures + 1 ? Promise.resolve(native) : new Promise(() => {});
    },
  } as unknown as NativeServer;
  const served = Promise.withResolvers<NativeConnection>();
  const onConnection = served.resolve;
  const pool = new AcceptPool(server, { maxHandshakes: 2_048, onConnection, onError: () => {} });
  // Without pauses this timer never fires.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.ok(asked <= 3 * SPARE_ACCEPTS, `${asked} accepts in one turn of the event loop`);
  assert.equal(await served.promise, native);
  pool.stop();
});

Deno.test("a flood of handshakes that never finish keeps no good peer out", async () => {
  const initials = await captureInitials(FLOOD);
  await using listener = await Endpoint.start();
  await using peer = await Endpoint.start();
  const address = await listener.listen();
  const socket = await bind();
  await begin(initials, socket, parseQuicAddress(address)!.port);
  // All of the flood hangs for the idle timeout. How much sooner the good peer is in, the bench tells.
  const link = await peer.dial(address, AbortSignal.timeout(MESH_TIMINGS.idleMs / 3));
  assert.equal(link.connection.status, "open");
  assert.ok((await listener.incoming.take()).peer.equals(peer.peerId));
  await new Promise<void>((resolve) => socket.close(() => resolve()));
});

Deno.test("garbage is no handshake, and uses up no accepts", async () => {
  const [initial] = await captureInitials(1);
  assert.ok(initial);
  await using listener = await Endpoint.start();
  await using peer = await Endpoint.start();
  const address = await listener.listen();
  const socket = await bind();
  for (let count = 0; count < FLOOD; count++) {
    const garbage = initial.slice();
    crypto.getRandomValues(garbage.subarray(6, 6 + garbage[5]!));
    await send(socket, garbage, parseQuicAddress(address)!.port);
  }
  const link = await peer.dial(address);
  assert.equal(link.connection.status, "open");
  await new Promise<void>((resolve) => socket.close(() => resolve()));
});

Deno.test("at the limit of handshakes a peer waits until one of them ends", async () => {
  const [stuck] = await captureInitials(1);
  assert.ok(stuck);
  await using listener = await Endpoint.start({ maxHandshakes: 1, idleTimeoutMs: 500 });
  await using peer = await Endpoint.start();
  const address = await listener.listen();
  const socket = await bind();
  await send(socket, stuck, parseQuicAddress(address)!.port);
  const link = await peer.dial(address);
  assert.equal(link.connection.status, "open");
  await new Promise<void>((resolve) => socket.close(() => resolve()));
});
