/** Connections of the transport on loopback, without the rest of libp2p: every leak found here is ours. */

import { generateKeyPair } from "@libp2p/crypto/keys";
import type {
  ComponentLogger,
  Connection,
  Logger,
  MultiaddrConnection,
  PeerId,
  StreamMuxer,
  Upgrader,
  UpgraderWithoutEncryptionOptions,
} from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { QuicConnection } from "../../../src/mesh/quic/connection.ts";
import { asQuicStream } from "../../../src/mesh/quic/libp2p_types.ts";
import {
  OpenConnections,
  QuicTransport,
  type QuicTransportOptions,
} from "../../../src/mesh/quic/mod.ts";
import type { QuicStream } from "../../../src/mesh/quic/stream.ts";
import { Mailbox } from "./mailbox.ts";

export const ANY_PORT = multiaddr("/ip4/127.0.0.1/udp/0/quic-v1");

/** One end of a connection. */
export class Link {
  readonly peer: PeerId;
  readonly connection: MultiaddrConnection;
  readonly muxer: StreamMuxer;
  readonly incoming = new Mailbox<QuicStream>();

  constructor(connection: MultiaddrConnection, options: UpgraderWithoutEncryptionOptions) {
    this.connection = connection;
    this.peer = options.remotePeer;
    this.muxer = options.muxerFactory!.createStreamMuxer(connection);
    this.muxer.addEventListener("stream", ({ detail }) => {
      this.incoming.put(asQuicStream(detail)!);
    });
  }

  /** Invisible to the peer until it is written to. */
  async open(signal?: AbortSignal): Promise<QuicStream> {
    const stream = await this.muxer.createStream(signal === undefined ? {} : { signal });
    return asQuicStream(stream)!;
  }

  /** Why it is over. */
  get lostReason(): string {
    return (this.connection as unknown as QuicConnection).lostError().reason;
  }

  get streams(): QuicStream[] {
    return this.muxer.streams.map((stream) => asQuicStream(stream)!);
  }
}

/** A transport with a key, and the links that came in through its listeners. */
export class Endpoint implements AsyncDisposable {
  readonly transport: QuicTransport;
  readonly connections = new OpenConnections();
  readonly incoming = new Mailbox<Link>();
  readonly #listeners: ReturnType<QuicTransport["createListener"]>[] = [];

  private constructor(
    readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>,
    options: QuicTransportOptions,
  ) {
    const { connections } = this;
    const components = { privateKey, logger: silentLogger };
    this.transport = new QuicTransport(components, { connections, ...options });
    this.transport.start();
  }

  static async start(options: QuicTransportOptions = {}): Promise<Endpoint> {
    return new Endpoint(await generateKeyPair("Ed25519"), options);
  }

  get peerId(): PeerId {
    return peerIdFromPrivateKey(this.privateKey);
  }

  /** @returns its address, without PeerId. */
  async listen(
    address: Multiaddr = ANY_PORT,
    upgrader: Upgrader = upgraderTo((link) => this.incoming.put(link)),
  ): Promise<Multiaddr> {
    const listener = this.transport.createListener({ upgrader });
    this.#listeners.push(listener);
    await listener.listen(address);
    return listener.getAddrs()[0]!;
  }

  /** Fails after 10 s where the caller has no signal of its own. */
  async dial(
    address: Multiaddr,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Link> {
    let made: Link | undefined;
    await this.transport.dial(address, {
      signal,
      upgrader: upgraderTo((link) => {
        made = link;
      }),
    });
    return made!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connections.abortAll(new Error("The test is over"));
    for (const listener of this.#listeners) await listener.close();
    await this.transport.stop();
  }
}

/** Two endpoints and the two ends of one connection. */
export interface Pair extends AsyncDisposable {
  readonly dialler: Endpoint;
  readonly listener: Endpoint;
  readonly near: Link;
  readonly far: Link;
  /** A stream that both ends know of, and on which nothing is under way. */
  openStream(): Promise<[near: QuicStream, far: QuicStream]>;
}

export async function startPair(
  options: QuicTransportOptions = {},
  listenerOptions: QuicTransportOptions = options,
): Promise<Pair> {
  const listener = await Endpoint.start(listenerOptions);
  const dialler = await Endpoint.start(options);
  const near = await dialler.dial(await listener.listen());
  const far = await listener.incoming.take();
  return {
    dialler,
    listener,
    near,
    far,
    openStream: () => openStream(near, far),
    async [Symbol.asyncDispose]() {
      await dialler[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}

export async function openStream(near: Link, far: Link): Promise<[QuicStream, QuicStream]> {
  const opened = await near.open();
  await opened.write(Uint8Array.of(0));
  const taken = await far.incoming.take();
  await taken.read();
  return [opened, taken];
}

function upgraderTo(onLink: (link: Link) => void): Upgrader {
  const upgrade = (connection: MultiaddrConnection, options: UpgraderWithoutEncryptionOptions) => {
    onLink(new Link(connection, options));
    return Promise.resolve({} as Connection);
  };
  return { upgradeInbound: upgrade, upgradeOutbound: upgrade } as unknown as Upgrader;
}

const silent: Logger = Object.assign(() => {}, {
  enabled: false,
  error: () => {},
  trace: () => {},
  newScope: () => silent,
});

export const silentLogger: ComponentLogger = { forComponent: () => silent };
