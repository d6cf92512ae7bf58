/**
 * A program for the namespace between two networks: everything that is routed through it by UDP arrives late, and
 * some of it never. Neither end sees it: each packet leaves with the address that it came with.
 * Arguments: delay in milliseconds, loss from 0 to 1, seed, UDP port, and the addresses that listen on it.
 */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Random } from "../simulator/random.ts";
import { readyUntilEnd } from "./helper_program.ts";

const [delayMs = 0, loss = 0, seed = 1, listenPort = 0] = Deno.args.slice(0, 4).map(Number);
const random = new Random(seed);

/** One for each end that packets went to or came from, bound to that end's own address. */
const standIns = new Map<string, Promise<Socket>>();

/** The addresses of both ends are this machine's too, and its routes know which is meant. */
function standIn(address: string, port: number): Promise<Socket> {
  const key = `${address}:${port}`;
  const known = standIns.get(key);
  if (known !== undefined) return known;
  const made = bind(address, port);
  standIns.set(key, made);
  return made;
}

async function bind(address: string, port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (packet, from) => {
    if (!random.chance(loss)) setTimeout(() => forward(packet, from, { address, port }), delayMs);
  });
  socket.bind(port, address);
  await once(socket, "listening");
  return socket;
}

interface End {
  readonly address: string;
  readonly port: number;
}

async function forward(packet: Uint8Array, from: End, to: End): Promise<void> {
  const socket = await standIn(from.address, from.port);
  // While a link is down there is no way there, and the packet is lost like others.
  socket.send(packet, to.port, to.address, () => {});
}

await Promise.all(Deno.args.slice(4).map((address) => standIn(address, listenPort)));
await readyUntilEnd();
