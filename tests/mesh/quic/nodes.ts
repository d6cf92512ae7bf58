/** Whole libp2p nodes on loopback, for what the transport has to do together with libp2p. */

import "../leak_guard.ts";
import { quic } from "@chainsafe/libp2p-quic";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { createLibp2p, type Libp2pOptions } from "libp2p";
import { byteStreamOf, type PulledStream, quicTransport } from "../../../src/mesh/quic/mod.ts";
import { endLibp2pLeaks } from "../leak_guard.ts";
import { Mailbox } from "./mailbox.ts";

export const PROTOCOL = "/mesh-llm/test/1";

/** Above what any test opens: libp2p's own limits are not what is tested. */
export const NO_LIMIT = { maxInboundStreams: 1_000, maxOutboundStreams: 1_000 };

export type TransportFactory = NonNullable<Libp2pOptions["transports"]>[number];

export function ours(): TransportFactory {
  return quicTransport();
}

/** It agrees to the test's protocol without libp2p. */
export function early(): TransportFactory {
  return quicTransport({ protocols: new Set([PROTOCOL]) });
}

export function stock(): TransportFactory {
  return quic();
}

/** Starts nodes, and stops them all together. */
export class Nodes implements AsyncDisposable {
  readonly #started: Libp2p[] = [];

  async start(transport = ours(), listen = ["/ip4/127.0.0.1/udp/0/quic-v1"]): Promise<Libp2p> {
    const node = await createLibp2p({
      addresses: { listen },
      transports: [transport],
      connectionMonitor: { enabled: false },
      // libp2p's own limits, and the timers that they take.
      connectionManager: { allow: ["/ip4/127.0.0.1/ipcidr/32"] },
    });
    this.#started.push(node);
    return node;
  }

  async pair(dial = ours(), accept = ours()): Promise<NodePair> {
    const listener = await this.start(accept);
    const dialler = await this.start(dial, []);
    const incoming = new Mailbox<Stream>();
    await listener.handle(PROTOCOL, (stream) => incoming.put(stream), NO_LIMIT);
    const opened = connectionTo(listener, dialler);
    const connection = await dialler.dial(listener.getMultiaddrs());
    return { dialler, listener, connection, accepted: await opened, incoming };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((node) => node.stop()));
    endLibp2pLeaks();
  }
}

export interface NodePair {
  readonly dialler: Libp2p;
  readonly listener: Libp2p;
  readonly connection: Connection;
  readonly accepted: Connection;
  /** Streams that the listener was given. */
  readonly incoming: Mailbox<Stream>;
}

/** A negotiated stream, and its other end. */
export async function openNegotiated(
  { connection, incoming }: NodePair,
): Promise<[near: Stream, far: Stream]> {
  return [await connection.newStream(PROTOCOL, NO_LIMIT), await incoming.take()];
}

export async function openPulled(pair: NodePair): Promise<[near: PulledStream, far: PulledStream]> {
  const [near, far] = await openNegotiated(pair);
  return [byteStreamOf(near), byteStreamOf(far)];
}

/** The next connection that a node gets from another. */
export function connectionTo(node: Libp2p, other: Libp2p): Promise<Connection> {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  node.addEventListener("connection:open", function onOpen({ detail }) {
    if (!detail.remotePeer.equals(other.peerId)) return;
    node.removeEventListener("connection:open", onOpen);
    resolve(detail);
  });
  return promise;
}
