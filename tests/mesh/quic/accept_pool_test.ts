import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { multiaddr } from "@multiformats/multiaddr";
import { acceptsToBegin } from "../../../src/mesh/quic/accept_pool.ts";
import { parseQuicAddress } from "../../../src/mesh/quic/address.ts";
import { IDLE_TIMEOUT_MS, SPARE_ACCEPTS } from "../../../src/mesh/quic/defaults.ts";
import { Endpoint } from "./links.ts";

/** More than the spare accepts. */
const FLOOD = Number(Deno.env.get("MESH_LLM_FLOOD") ?? SPARE_ACCEPTS + 100);

/** What a socket's receive buffer holds for sure: a lost packet costs its sender a second, flood or not. */
const BURST = 20;

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

async function bind(): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}

function send(socket: Socket, packet: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve) => socket.send(packet, port, "127.0.0.1", () => resolve()));
}

/** First packets of real dials, to a port that never answers: each begins another handshake. */
async function captureInitials(count: number): Promise<Uint8Array[]> {
  const trap = await bind();
  await using dialler = await Endpoint.start();
  const initials = new Map<string, Uint8Array>();
  const ending = new AbortController();
  trap.on("message", (packet) => {
    // RFC 9000, 17.2: flags, version, length of the connection id, the id.
    const id = packet.subarray(6, 6 + packet[5]!).toString("hex");
    initials.set(id, packet);
    if (initials.size >= count) ending.abort();
  });
  const address = multiaddr(`/ip4/127.0.0.1/udp/${trap.address().port}/quic-v1`);
  const dial = () => dialler.dial(address, ending.signal).catch(() => undefined);
  await Promise.all(Array.from({ length: count }, dial));
  await new Promise<void>((resolve) => trap.close(() => resolve()));
  return [...initials.values()];
}

/** Begins a handshake with each packet, and goes on with none. */
async function begin(initials: readonly Uint8Array[], socket: Socket, port: number): Promise<void> {
  const answered = new Set<string>();
  let onAnswer = () => {};
  socket.on("message", (packet) => {
    // The server's own connection id, behind ours: a new one for each handshake.
    const at = 6 + packet[5]!;
    answered.add(packet.subarray(at + 1, at + 1 + packet[at]!).toString("hex"));
    onAnswer();
  });
  for (const [index, initial] of initials.entries()) {
    await send(socket, initial, port);
    while (index + 1 - answered.size >= BURST) {
      await new Promise<void>((resolve) => onAnswer = resolve);
    }
  }
}

Deno.test("a flood of handshakes that never finish keeps no good peer out", async () => {
  const initials = await captureInitials(FLOOD);
  await using listener = await Endpoint.start();
  await using peer = await Endpoint.start();
  const address = await listener.listen();
  const socket = await bind();
  await begin(initials, socket, parseQuicAddress(address)!.port);
  // All of the flood hangs for the idle timeout. How much sooner the good peer is in, the bench tells.
  const link = await peer.dial(address, AbortSignal.timeout(IDLE_TIMEOUT_MS / 3));
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
