/** The ways that are compared to carry byte streams from one process to another on this machine. */

import { generateKeyPair, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import { quic } from "@chainsafe/libp2p-quic";
import type { Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2pOptions } from "libp2p";
import { loadAddon } from "../../../src/mesh/quic/addon.ts";
import type { DatagramPath } from "../../../src/mesh/base/datagram_path.ts";
import { parseQuicAddress } from "../../../src/mesh/quic/address.ts";
import { byteStreamOf, quicTransport } from "../../../src/mesh/quic/mod.ts";
import { IPV4, type NativeStream } from "../../../src/mesh/quic/native.ts";
import { nativeConfig, resolveOptions } from "../../../src/mesh/quic/options.ts";
import {
  openUdpStack,
  Pipe,
  type UdpEnd,
  udpEnd,
  type UdpSocket,
  type UdpStack,
} from "../../../src/mesh/reach/mod.ts";
import { PlainStack } from "../../../src/mesh/reach/plain_stack.ts";
import { relay } from "../../../src/tunnel/rpc/relay.ts";
import type { BenchStream } from "./bench_stream.ts";
import { carriedLink } from "../reach/carried.ts";
import { dialLane, listenLane } from "./lane_link.ts";
import type { Link, Serve } from "./link.ts";
import { StockStream } from "./stock_stream.ts";
import { TcpStream } from "./tcp_stream.ts";

export const LINKS = {
  tcp: { listen: listenTcp, dial: dialTcp },
  raw: { listen: listenRaw, dial: dialRaw },
  stock: libp2pLink(() => quic(), (stream) => new StockStream(stream)),
  small: libp2pLink(() => quicTransport({ receiveBufferBytes: 0 }), byteStreamOf),
  ours: libp2pLink(() => quicTransport(), byteStreamOf),
  lane: { listen: listenLane, dial: dialLane },
  relay: { listen: listenRelay, dial: dialRelay },
  pipe: pipedLink(openUdpStack),
  plainPipe: pipedLink(() => new PlainStack()),
  carried: carriedLink,
} satisfies Record<string, Link>;

export type LinkName = keyof typeof LINKS;

const PROTOCOL = "/mesh-llm/bench/1";
const READ_BYTES = 65_536;

function listenTcp(serve: Serve): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const acceptAll = async () => {
    for await (const conn of listener) serve(new TcpStream(conn)).catch(() => conn.close());
  };
  acceptAll();
  return Promise.resolve(String(listener.addr.port));
}

function dialTcp(address: string): Promise<() => Promise<BenchStream>> {
  return Promise.resolve(async () =>
    new TcpStream(await Deno.connect({ hostname: "127.0.0.1", port: Number(address) }))
  );
}

async function rawConfig() {
  const addon = loadAddon();
  const key = privateKeyToProtobuf(await generateKeyPair("Ed25519"));
  return { addon, config: new addon.QuinnConfig(nativeConfig(resolveOptions({}), key)) };
}

/** Holds native objects for the life of the process: they close when they are collected. */
const held: unknown[] = [];

async function listenRaw(serve: Serve): Promise<string> {
  const { addon, config } = await rawConfig();
  const server = new addon.Server(config, "127.0.0.1", 0);
  held.push(server);
  const acceptAll = async () => {
    const connection = await server.inboundConnection();
    held.push(connection);
    for (;;) serve(rawStream(await connection.inboundStream())).catch(() => undefined);
  };
  acceptAll().catch(() => undefined);
  return String(server.port());
}

async function dialRaw(address: string): Promise<() => Promise<BenchStream>> {
  const { addon, config } = await rawConfig();
  const client = new addon.Client(config, IPV4);
  const connection = await client.outboundConnection("127.0.0.1", Number(address));
  held.push(client, connection);
  return async () => rawStream(await connection.outboundStream());
}

function rawStream(native: NativeStream): BenchStream {
  return {
    read: () => native.read(READ_BYTES),
    write: (bytes) => native.write(bytes),
    closeWrite: () => native.finishWrite(),
  };
}

type Transports = NonNullable<Libp2pOptions["transports"]>;

async function startNode(transport: () => Transports[number], listen: string[]) {
  return await createLibp2p({
    addresses: { listen },
    transports: [transport()],
    connectionMonitor: { enabled: false },
  });
}

const LIMITS = { maxInboundStreams: 100, maxOutboundStreams: 100 };

function libp2pLink(
  transport: () => Transports[number],
  wrap: (stream: Stream) => BenchStream,
): Link {
  return {
    async listen(serve) {
      const node = await startNode(transport, ["/ip4/127.0.0.1/udp/0/quic-v1"]);
      await node.handle(PROTOCOL, (stream) => serve(wrap(stream)), LIMITS);
      return String(node.getMultiaddrs()[0]);
    },
    async dial(address) {
      const node = await startNode(transport, []);
      const connection = await node.dial(multiaddr(address));
      return async () => wrap(await connection.newStream(PROTOCOL, LIMITS));
    },
  };
}

/** Our transport to a pipe, by UDP to the other process's pipe, which feeds our transport there. */
function pipedLink(openStack: () => UdpStack): Link {
  return {
    async listen(serve) {
      const node = await startNode(() => quicTransport(), ["/ip4/127.0.0.1/udp/0/quic-v1"]);
      await node.handle(PROTOCOL, (stream) => serve(byteStreamOf(stream)), LIMITS);
      const serverPort = parseQuicAddress(node.getMultiaddrs()[0]!)!.port;
      const stack = openStack();
      const socket = stack.bind("127.0.0.1", 0);
      held.push(new Pipe({ stack, path: pathOver(socket), serverPort }));
      return String(socket.port);
    },
    async dial(address) {
      const node = await startNode(() => quicTransport(), []);
      const stack = openStack();
      const path = pathOver(stack.bind("127.0.0.1", 0), udpEnd("127.0.0.1", Number(address)));
      const pipe = new Pipe({ stack, path });
      held.push(pipe);
      const connection = await node.dial(multiaddr(`/ip4/127.0.0.1/udp/${pipe.port}/quic-v1`));
      return async () => byteStreamOf(await connection.newStream(PROTOCOL, LIMITS));
    },
  };
}

/** To the other end, or, where it is not known, to whoever was heard last. */
function pathOver(socket: UdpSocket, other?: UdpEnd): DatagramPath {
  let to = other;
  const path: DatagramPath = {
    onDatagram: undefined,
    send: (datagram) => to === undefined ? undefined : socket.send(datagram, to),
    close: () => socket.close(),
  };
  socket.onDatagram = (datagram, from) => {
    to = from;
    path.onDatagram?.(datagram);
  };
  return path;
}

/** TCP to a port of this process, our transport to the other one, TCP to a port there. */
async function listenRelay(serve: Serve): Promise<string> {
  const port = Number(await listenTcp(serve));
  const node = await startNode(() => quicTransport(), ["/ip4/127.0.0.1/udp/0/quic-v1"]);
  await node.handle(PROTOCOL, async (stream) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await relay(conn, byteStreamOf(stream), { signal: never() }).catch(() => undefined);
  }, LIMITS);
  return String(node.getMultiaddrs()[0]);
}

async function dialRelay(address: string): Promise<() => Promise<BenchStream>> {
  const node = await startNode(() => quicTransport(), []);
  const connection = await node.dial(multiaddr(address));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const acceptAll = async () => {
    for await (const conn of listener) {
      const stream = byteStreamOf(await connection.newStream(PROTOCOL, LIMITS));
      relay(conn, stream, { signal: never() }).catch(() => undefined);
    }
  };
  acceptAll();
  return await dialTcp(String(listener.addr.port));
}

function never(): AbortSignal {
  return new AbortController().signal;
}
