/** Handshakes that begin and never finish, as an attacker would send them. */

import { createSocket, type Socket } from "node:dgram";
import { multiaddr } from "@multiformats/multiaddr";
import { Endpoint } from "./links.ts";

/** The packets that a socket's receive buffer surely holds: a lost packet costs its sender a second, flood or not. */
const BURST = 20;

export async function bind(): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}

export function send(socket: Socket, packet: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve) => socket.send(packet, port, "127.0.0.1", () => resolve()));
}

/** First packets of real dials, to a port that never answers: each begins another handshake. */
export async function captureInitials(count: number): Promise<Uint8Array[]> {
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
export async function begin(
  initials: readonly Uint8Array[],
  socket: Socket,
  port: number,
): Promise<void> {
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
