import type { InterfaceAddress } from "../base/addresses.ts";
import type { ByteStream } from "../base/byte_stream.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { DatagramPath } from "../base/datagram_path.ts";
import type { PeerId } from "../base/peer_id.ts";
import { isForAll, mayBeAsked, ownCandidates } from "./candidates.ts";
import { INTERFACES_MS, MAX_OBSERVED } from "./defaults.ts";
import { DirectSocket } from "./direct_socket.ts";
import { dialsPipe, Pipe } from "./pipe.ts";
import type { PipedSources } from "./piped_sources.ts";
import { PlacesExchange } from "./places_exchange.ts";
import { type RelayWay, RelayWays } from "./relay_ways.ts";
import { RoamingPath, type Way } from "./roaming_path.ts";
import { givesNewPorts } from "./router_ports.ts";
import type { UdpEnd } from "./udp_end.ts";
import type { UdpStack } from "./udp_socket.ts";

/** Within the connection of two nodes that reach each other by pipes; the one that has dialled opens it. */
export const REACH_PROTOCOL = "/mesh-llm/reach/1";

export interface ReachParts {
  /** Closed with the reach. */
  readonly stack: UdpStack;
  readonly self: PeerId;
  readonly clock: Clock;
  readonly sources: PipedSources;
  /** On which this node's QUIC listens. */
  readonly serverPort: number;
  /** Of the socket that peers meet; 0 is any free one. */
  readonly port: number;
  readonly interfaces: () => readonly InterfaceAddress[];
  /** Ends of the router that lead to that socket. */
  readonly mapped: () => readonly UdpEnd[];
  /** Whether an address may be asked at all. @default `mayBeAsked` */
  readonly mayAsk?: (end: UdpEnd) => boolean;
  /** A peer is reached in another way than before. */
  readonly changed: () => void;
}

/** A way over a member to a peer that stands behind a pipe. */
export interface PipeWay extends RelayWay {
  /** This node dials the pipe; the peer does where not. @default {dialsPipe} */
  readonly dials?: boolean;
}

/** How a peer is reached by its pipe. */
export type PipedWay = Way & { readonly by: PeerId };

interface Piped {
  readonly pipe: Pipe;
  readonly path: RoamingPath;
  readonly relays: RelayWays;
  readonly forget: () => void;
  readonly dials: boolean;
}

export interface MeetOptions {
  /** This node has opened the stream. */
  readonly opens: boolean;
}

const NOWHERE: DatagramPath = { send: () => {}, onDatagram: undefined, close: () => {} };

/** All peers that this node reaches by pipes, and what they need to meet directly. */
export class Reach {
  readonly #parts: ReachParts;
  readonly #socket: DirectSocket;
  readonly #pipes = new Map<PeerId, Piped>();
  /** To those with a pipe, and to those that only see this node. */
  readonly #paths = new Set<RoamingPath>();
  readonly #exchanges = new Map<PeerId, PlacesExchange>();
  /** Places at which the last peers see this node. */
  readonly #observed = new Map<PeerId, UdpEnd>();
  #own: readonly UdpEnd[];
  #interfaces: readonly InterfaceAddress[];
  #cancel: Cancel = () => {};

  /** @throws where the port can't be had. */
  constructor(parts: ReachParts) {
    this.#parts = parts;
    this.#interfaces = [...parts.interfaces()];
    const { mayAsk = mayBeAsked } = parts;
    this.#socket = new DirectSocket({
      ...parts,
      mayAsk: (end) => mayAsk(end) && !isForAll(end.ip, this.#interfaces),
    });
    this.#own = this.#places();
    this.#watch();
  }

  /** Of the socket that peers meet. */
  get port(): number {
    return this.#socket.port;
  }

  /**
   * The port of 127.0.0.1 that stands for a peer from now on, over this member at first; where the peer has a pipe already,
   * this member takes over. One of the two dials it, and the other waits for that.
   */
  open(peer: PeerId, way: PipeWay): number {
    const { by, path, dials = dialsPipe(this.#parts.self, peer) } = way;
    const known = this.#pipes.get(peer);
    // A machine that was a member may come back as a client, which is never dialled.
    if (known !== undefined && known.dials !== dials) this.drop(peer);
    if (known?.dials !== dials) return this.#create(peer, { by, path, dials });
    known.relays.add({ by, path });
    this.#parts.changed();
    return known.pipe.port;
  }

  /** A way to a peer has ended. @returns whether the peer's pipe has none over a member any more. */
  lost(peer: PeerId, path: DatagramPath): boolean {
    const isStranded = this.#pipes.get(peer)?.relays.lost(path) ?? false;
    this.#parts.changed();
    return isStranded;
  }

  /** The port that stands for a peer, if one does. */
  portOf(peer: PeerId): number | undefined {
    return this.#pipes.get(peer)?.pipe.port;
  }

  /**
   * Agrees with a peer, on a stream of `REACH_PROTOCOL`, on places to meet. One without a pipe is asked for no other reason
   * than that it sees this node from outside of its router. Resolves with the end of the stream.
   */
  async meet(peer: PeerId, stream: ByteStream, { opens }: MeetOptions): Promise<void> {
    const piped = this.#pipes.get(peer);
    const path = piped?.path ?? this.#pathTo(peer, NOWHERE);
    const exchange = new PlacesExchange({
      stream,
      opens,
      clock: this.#parts.clock,
      own: () => this.#own,
      agreed: (secret) => path.agree(secret),
      told: (ends) => path.told(ends),
    });
    this.#exchanges.set(peer, exchange);
    try {
      await exchange.run();
    } finally {
      if (this.#exchanges.get(peer) === exchange) this.#exchanges.delete(peer);
      if (piped === undefined) this.#forget(peer, path);
    }
  }

  /** How each of them is reached now. */
  ways(): ReadonlyMap<PeerId, PipedWay> {
    return new Map(
      [...this.#pipes].map(([peer, { path, relays: { by } }]) => [peer, { ...path.way, by }]),
    );
  }

  /** Whether this node's router is known to lead each peer to another port. */
  get hasNewPorts(): boolean {
    return givesNewPorts([...this.#observed.values()]);
  }

  /** The peer is reached otherwise, or not at all. */
  drop(peer: PeerId): void {
    const piped = this.#pipes.get(peer);
    if (piped === undefined) return;
    this.#pipes.delete(peer);
    piped.forget();
    piped.pipe.close();
    this.#forget(peer, piped.path);
    this.#parts.changed();
  }

  /** The places at which this node may be met may have changed. */
  refresh(): void {
    const before = this.#own;
    this.#own = this.#places();
    if (keysOf(before) === keysOf(this.#own)) return;
    for (const exchange of this.#exchanges.values()) exchange.tell();
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    this.#cancel();
    this.#exchanges.clear();
    for (const peer of [...this.#pipes.keys()]) this.drop(peer);
    this.#socket.close();
    await this.#parts.stack.close();
  }

  #create(peer: PeerId, { dials, ...first }: Required<PipeWay>): number {
    const { stack, serverPort, sources, changed, clock } = this.#parts;
    const relays = new RelayWays(first, { decides: dials, clock });
    const path = this.#pathTo(peer, relays);
    const server = dials ? {} : { serverPort };
    const pipe = new Pipe({ stack, path, ...server });
    const forget = sources.add(pipe.port, () => {
      const { way } = path;
      return way.kind === "direct"
        ? { kind: "direct", from: way.end }
        : { kind: "relayed", by: relays.by };
    });
    this.#pipes.set(peer, { pipe, path, relays, forget, dials });
    changed();
    return pipe.port;
  }

  #pathTo(peer: PeerId, relay: DatagramPath): RoamingPath {
    const { clock, changed } = this.#parts;
    const onSeen = (end: UdpEnd) => this.#observe(peer, end);
    const socket = this.#socket;
    const path = new RoamingPath({ peer, relay, socket, clock, onSeen, onChange: changed });
    this.#paths.add(path);
    return path;
  }

  #forget(peer: PeerId, path: RoamingPath): void {
    path.close();
    this.#paths.delete(path);
    if (this.#observed.delete(peer)) this.refresh();
  }

  #observe(peer: PeerId, end: UdpEnd): void {
    if (this.#observed.get(peer)?.key === end.key) return;
    const { hasNewPorts } = this;
    this.#observed.delete(peer);
    this.#observed.set(peer, end);
    if (this.hasNewPorts !== hasNewPorts) this.#parts.changed();
    if (this.#observed.size > MAX_OBSERVED) {
      this.#observed.delete(this.#observed.keys().next().value!);
    }
    this.refresh();
  }

  #places(): readonly UdpEnd[] {
    const { self, interfaces, mapped } = this.#parts;
    return ownCandidates({
      self,
      interfaces: interfaces(),
      port: this.#socket.port,
      mapped: mapped(),
      observed: [...this.#observed.values()],
      mayAsk: (end) => this.#socket.mayAsk(end),
    });
  }

  #watch(): void {
    this.#cancel = this.#parts.clock.after(INTERFACES_MS, () => {
      this.#watch(); // a look that fails, for want of file descriptors, is not the last
      const before = addressesOf(this.#interfaces);
      this.#interfaces = [...this.#parts.interfaces()];
      if (addressesOf(this.#interfaces) === before) return;
      for (const path of this.#paths) path.moved();
      this.refresh();
    });
  }
}

function addressesOf(interfaces: readonly InterfaceAddress[]): string {
  return interfaces.map(({ address }) => address).sort().join(" ");
}

function keysOf(ends: readonly UdpEnd[]): string {
  return ends.map(({ key }) => key).join(" ");
}
