/**
 * A node in a namespace that is reached by pipes, and nothing more of a node. Its standard output tells how its peer is
 * reached, and what became of the bytes that it sent. Arguments: the hub's seed, its own, the peer's (in hex,
 * the hub has none), and the open port of its router.
 */

import { systemClock } from "../../src/mesh/base/clock.ts";
import type { DatagramPath } from "../../src/mesh/base/datagram_path.ts";
import { peerIdOf, sha256, SigningKey } from "../../src/mesh/base/keys.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import { startLibp2p } from "../../src/mesh/link/libp2p.ts";
import type { PeerConnection } from "../../src/mesh/link/network.ts";
import {
  dialsPipe,
  openUdpStack,
  Reach,
  REACH_PROTOCOL,
  type UdpEnd,
  udpEnd,
} from "../../src/mesh/reach/mod.ts";
import { HUB_ADDRESS, REACH_PORT } from "./two_homes.ts";

const QUIC_PORT = 47_001;
const RELAY_PORT = 46_000;
const SINK_PROTOCOL = "/test/sink/1";

const [hubSeed = "", ownSeed = "", peerSeed = "", openAddress = ""] = Deno.args;
const idOf = (seed: string) => peerIdOf(SigningKey.fromSeed(Uint8Array.fromHex(seed)).publicKey);
const key = SigningKey.fromSeed(Uint8Array.fromHex(ownSeed));
const self = peerIdOf(key.publicKey);
const hub = idOf(hubSeed);
const { signal } = new AbortController();

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
const stack = openUdpStack();
const network = await startLibp2p(key);
await network.bind(QUIC_PORT);

let told = "";
const reach = new Reach({
  stack,
  self,
  clock: systemClock,
  sources: network.pipes,
  serverPort: QUIC_PORT,
  port: REACH_PORT,
  interfaces: () => Deno.networkInterfaces(),
  mapped: () => openAddress === "" ? [] : [udpEnd(openAddress, REACH_PORT)],
  changed: () => {
    const kinds = [...reach.ways().values()].map(({ kind }) => kind).join(" ");
    if (kinds !== told) say(kinds);
    told = kinds;
  },
});
network.handle(REACH_PROTOCOL, 4, (stream, { peer }) => {
  reach.meet(peer, stream, { opens: false }).catch((error) => stream.reset(error));
});
network.handle(SINK_PROTOCOL, 4, async (stream) => {
  const chunks: Uint8Array[] = [];
  for (let read = await stream.read(); read !== null; read = await stream.read()) {
    chunks.push(read.slice());
  }
  await stream.write(sha256(new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer())));
  await stream.closeWrite();
});

if (peerSeed === "") relayForTwo();
else await beNode(idOf(peerSeed));
say("ready");
for await (const _ of Deno.stdin.readable);
Deno.exit();

/** A datagram's first byte is its sender: the lower of the two, or the other. */
function relayForTwo(): void {
  const socket = stack.bind("0.0.0.0", RELAY_PORT);
  const ends: (UdpEnd | undefined)[] = [];
  socket.onDatagram = (datagram, from) => {
    const [side = 0] = datagram;
    ends[side] = from;
    const to = ends[1 - side];
    if (to !== undefined) socket.send(datagram.subarray(1), to);
  };
}

function pathOverHub(isLower: boolean): DatagramPath {
  const socket = stack.bind("0.0.0.0", RELAY_PORT);
  const to = udpEnd(HUB_ADDRESS, RELAY_PORT);
  const path: DatagramPath = {
    onDatagram: undefined,
    send(datagram) {
      const marked = new Uint8Array(datagram.length + 1);
      marked[0] = Number(isLower);
      marked.set(datagram, 1);
      socket.send(marked, to);
    },
    close: () => socket.close(),
  };
  socket.onDatagram = (datagram) => path.onDatagram?.(datagram);
  return path;
}

async function beNode(peer: PeerId): Promise<void> {
  const isLower = dialsPipe(self, peer);
  const path = pathOverHub(isLower);
  path.send(new Uint8Array(1)); // so that the hub knows the way back
  const port = reach.open(peer, { by: hub, path });
  await meet(
    await network.dial({ peer: hub, addresses: [at(HUB_ADDRESS, QUIC_PORT, hub)], signal }),
  );
  if (!isLower) return;
  const connection = await network.dial({ peer, addresses: [at("127.0.0.1", port, peer)], signal });
  await meet(connection);
  void keepSending(connection);
}

function at(address: string, port: number, peer: PeerId): string {
  return `/ip4/${address}/udp/${port}/quic-v1/p2p/${peer}`;
}

async function meet(connection: PeerConnection): Promise<void> {
  const stream = await connection.openStream(REACH_PROTOCOL, signal);
  reach.meet(connection.peer, stream, { opens: true }).catch(() => say("the meeting broke"));
}

/** Sends so many megabytes again and again, each time once the answer has come that says whether they arrived as they were. */
async function keepSending(connection: PeerConnection): Promise<void> {
  const content = new Uint8Array(4_000_000).map((_, place) => place * 7 + (place >> 9));
  const digest = sha256(content).toHex();
  for (;;) {
    const stream = await connection.openStream(SINK_PROTOCOL, signal);
    for (let place = 0; place < content.length; place += 65_536) {
      await stream.write(content.subarray(place, place + 65_536));
    }
    await stream.closeWrite();
    const answer = await stream.read();
    say(answer?.toHex() === digest ? "whole" : "wrong bytes");
    await stream.release();
  }
}
