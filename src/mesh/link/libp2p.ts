import { concat } from "uint8arrays/concat";
import { raceSignal } from "../../base/race_signal.ts";
import { privateKeyFromRaw } from "@libp2p/crypto/keys";
import type { Connection, Libp2p, Listener, Stream } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { MESH_DEFAULTS, type MeshConfig } from "../base/config.ts";
import { Deadline } from "../../base/deadline.ts";
import {
  DIAL_ADDRESS_TIMEOUT_MS,
  MAX_CONNECTIONS,
  MAX_STREAMS_PER_CONNECTION,
  STOP_TIMEOUT_MS,
} from "../base/defaults.ts";
import { UdpPortInUseError, UnreachableError } from "../base/errors.ts";
import { forgetProtocols } from "./forget_protocols.ts";
import type { SigningKey } from "../base/keys.ts";
import type {
  ConnectionListener,
  DialRequest,
  IncomingStream,
  Network,
  NetworkStream,
  PeerConnection,
} from "./network.ts";
import { byteStreamOf, drainConnection, quicTransport } from "../quic/mod.ts";
import type { PeerId } from "../base/peer_id.ts";
import { PipedSources } from "../reach/mod.ts";

/** Few of 16,384 ports are taken on any machine; so many in a row are not. */
const FREE_PORT_ATTEMPTS = 8;

/** RFC 6335, section 6. */
const DYNAMIC_PORTS = { first: 49_152, last: 65_535 } as const;

/** The parts of libp2p that listening takes. */
interface Listening {
  readonly transportManager: {
    listen(addresses: Multiaddr[]): Promise<void>;
    getListeners(): Listener[];
  };
}

/**
 * Starts libp2p. It listens only when it is bound to a port: the listeners for connections register first.
 * @param onReceiveBuffer hears, for each socket that listens, that it is not as fast as it could be
 */
export async function startLibp2p(
  key: SigningKey,
  { timings: { keepAliveMs, idleMs: idleTimeoutMs } }: Pick<MeshConfig, "timings"> = MESH_DEFAULTS,
  onReceiveBuffer: (line: string) => void = () => undefined,
): Promise<Libp2pNetwork> {
  const protocols = new Set<string>();
  const gates: Gate[] = [];
  const pipes = new PipedSources();
  const mayCome: Gate = (address) => gates.every((gate) => gate(pipes.trueAddress(address)));
  const libp2p = await createLibp2p({
    privateKey: privateKeyFromRaw(concat([key.seed, key.publicKey])),
    addresses: { listen: [] },
    transports: [
      quicTransport({
        maxConnections: 2 * MAX_CONNECTIONS,
        protocols,
        mayCome,
        keepAliveMs,
        idleTimeoutMs,
        onReceiveBufferLine: onReceiveBuffer,
      }),
    ],
    // libp2p's limits are for public networks, and it closes connections by its own taste once there
    // are too many: it is told to allow everybody, and the admission decides who stays.
    connectionManager: {
      allow: ["/ip4/0.0.0.0/ipcidr/0", "/ip6/::/ipcidr/0"],
      maxConnections: 2 * MAX_CONNECTIONS,
      addressDialTimeout: DIAL_ADDRESS_TIMEOUT_MS,
      addressSorter: () => 0,
    },
    // It would close the connections of a process that slept for 9 s; membership decides who is dead.
    connectionMonitor: { enabled: false },
    services: { listening: ({ transportManager }: Listening): Listening => ({ transportManager }) },
  });
  return new Libp2pNetwork(libp2p, { protocols, gates, pipes });
}

type Gate = (remoteAddress: string) => boolean;

interface Shared {
  /** Those that are handled; the transport reads them. */
  readonly protocols: Set<string>;
  /** The transport asks all of them. */
  readonly gates: Gate[];
  readonly pipes: PipedSources;
}

/** libp2p goes on without IPv6 where only that cannot be had. */
function listenAddresses(port: number): Multiaddr[] {
  return [`/ip4/0.0.0.0/udp/${port}/quic-v1`, `/ip6/::/udp/${port}/quic-v1`].map((one) =>
    multiaddr(one)
  );
}

/** Any port of IANA's dynamic range: asking the system for a free one would hold it at the wrong moment. */
function randomPort(random: () => number): number {
  return DYNAMIC_PORTS.first +
    Math.floor(random() * (DYNAMIC_PORTS.last - DYNAMIC_PORTS.first + 1));
}

export class Libp2pNetwork implements Network {
  readonly #libp2p: Libp2p<{ listening: Listening }>;
  readonly #wrapped = new WeakMap<Connection, Libp2pConnection>();
  readonly #stopping = new AbortController();
  readonly #protocols: Set<string>;
  readonly #gates: Gate[];
  /** The makers of pipes tell here how the peers are reached. */
  readonly pipes: PipedSources;

  constructor(libp2p: Libp2p<{ listening: Listening }>, { protocols, gates, pipes }: Shared) {
    this.#libp2p = libp2p;
    this.#protocols = protocols;
    this.#gates = gates;
    this.pipes = pipes;
    forgetProtocols(libp2p.peerStore);
  }

  /**
   * Listens on a UDP port, on a free one where it is `null`, and answers with it.
   * @throws {UdpPortInUseError}
   */
  async bind(port: number | null, random: () => number = Math.random): Promise<number> {
    for (let attempt = 1;; attempt++) {
      const chosen = port ?? randomPort(random);
      try {
        await this.#bindTo(chosen);
        return chosen;
      } catch (cause) {
        if (!/in use|os error (98|48)/i.test(String(cause))) throw cause;
        if (port !== null || attempt === FREE_PORT_ATTEMPTS) {
          throw new UdpPortInUseError(chosen, { cause });
        }
      }
    }
  }

  listen({ mayCome, opened, closed }: ConnectionListener): void {
    if (mayCome !== undefined) this.#gates.push(mayCome);
    this.#libp2p.addEventListener("connection:open", (event) => opened(this.#wrap(event.detail)));
    this.#libp2p.addEventListener("connection:close", (event) => {
      closed(this.#wrap(event.detail));
      this.#forget(event.detail);
    });
  }

  async dial({ peer, addresses, fresh = false, signal }: DialRequest): Promise<PeerConnection> {
    const targets = addresses.map((address) => multiaddr(address));
    if (targets.length === 0) throw new UnreachableError(`No address of ${peer} is known`);
    try {
      return this.#wrap(await this.#libp2p.dial(targets, { force: fresh, signal }));
    } catch (cause) {
      const tried = addresses.join(", ");
      throw new UnreachableError(`Cannot reach ${peer}: no answer from ${tried}`, { cause });
    }
  }

  /** Connects to the peer that answers there, which may be any. @throws {UnreachableError} */
  async dialAddress(address: string, signal: AbortSignal): Promise<PeerConnection> {
    try {
      return this.#wrap(await this.#libp2p.dial(multiaddr(address), { signal }));
    } catch (cause) {
      throw new UnreachableError(`No answer from ${address}`, { cause });
    }
  }

  handle(protocol: string, maxStreams: number, incoming: IncomingStream): void {
    const onStream = (stream: Stream, connection: Connection) =>
      incoming(byteStreamOf(stream), this.#wrap(connection));
    const limits = {
      maxInboundStreams: maxStreams,
      maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
    };
    if (this.#libp2p.getProtocols().includes(protocol)) {
      throw new TypeError(`Cannot handle ${protocol} twice`);
    }
    this.#libp2p.handle(protocol, onStream, limits).then(
      () => this.#protocols.add(protocol),
      () => undefined,
    );
  }

  async stop(): Promise<void> {
    const reason = new Error("This node stops");
    this.#stopping.abort(reason);
    this.#abortAll(reason);
    using deadline = Deadline.forStep(STOP_TIMEOUT_MS, "Stopping libp2p");
    await raceSignal(Promise.resolve(this.#libp2p.stop()), deadline.signal).catch(() => undefined);
  }

  /** If only one of IPv4 and IPv6 has the port free, that one is given back. */
  async #bindTo(port: number): Promise<void> {
    const { transportManager } = this.#libp2p.services.listening;
    try {
      await transportManager.listen(listenAddresses(port));
    } catch (error) {
      await Promise.all(transportManager.getListeners().map((listener) => listener.close()));
      throw error;
    }
  }

  /** libp2p keeps what it knows of a peer for hours; of thousands of clients that come by that adds up. */
  #forget({ remotePeer }: Connection): void {
    if (this.#libp2p.getConnections(remotePeer).length > 0) return;
    Promise.resolve(this.#libp2p.peerStore.delete(remotePeer)).catch(() => undefined);
  }

  #abortAll(reason: Error): void {
    for (const connection of this.#libp2p.getConnections()) connection.abort(reason);
  }

  #wrap(connection: Connection): Libp2pConnection {
    const known = this.#wrapped.get(connection) ??
      new Libp2pConnection(connection, this.pipes, this.#stopping.signal);
    this.#wrapped.set(connection, known);
    return known;
  }
}

class Libp2pConnection implements PeerConnection {
  readonly peer: PeerId;
  readonly remoteAddress: string;
  readonly #connection: Connection;
  readonly #stopping: AbortSignal;

  constructor(connection: Connection, pipes: PipedSources, stopping: AbortSignal) {
    this.#connection = connection;
    this.#stopping = stopping;
    this.peer = connection.remotePeer.toString() as PeerId;
    this.remoteAddress = pipes.trueAddress(connection.remoteAddr.toString());
  }

  get id(): string {
    return this.#connection.id;
  }

  get direction(): "inbound" | "outbound" {
    return this.#connection.direction;
  }

  get openedAtMs(): number {
    return this.#connection.timeline.open;
  }

  get isOpen(): boolean {
    return this.#connection.status === "open";
  }

  get streams(): number {
    return this.#connection.streams.length;
  }

  async openStream(
    protocol: string,
    signal: AbortSignal,
    { optimistic = false }: { readonly optimistic?: boolean } = {},
  ): Promise<NetworkStream> {
    const maxOutboundStreams = MAX_STREAMS_PER_CONNECTION;
    const options = { signal, maxOutboundStreams, optimistic };
    const opening = this.#connection.newStream(protocol, options);
    try {
      // While all slots are taken the native side waits for ever, whatever the signal says.
      const stream = await raceSignal(opening, signal, (late) => late.abort(signal.reason));
      return byteStreamOf(stream);
    } catch (cause) {
      signal.throwIfAborted();
      throw new UnreachableError(`${this.peer} did not accept a stream of ${protocol}`, { cause });
    }
  }

  /** An error that keeps it from closing in order has closed it already, or the stop will. */
  drain(): Promise<void> {
    return drainConnection(this.#connection, { signal: this.#stopping }).catch(() => undefined);
  }

  abort(reason: Error): void {
    this.#connection.abort(reason);
  }
}
