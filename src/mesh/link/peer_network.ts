import { Emitter } from "../../base/emitter.ts";
import type { Logger } from "@logtape/logtape";
import type { Admission, AdmissionEvent } from "./admission.ts";
import type { AdmittedConnection } from "./admitted_connections.ts";
import { BadMessageError } from "../base/cbor.ts";
import { Deadline } from "../../base/deadline.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { JOIN_TIMEOUT_MS, OPEN_STREAM_TIMEOUT_MS } from "../base/defaults.ts";
import { MISCONDUCT_RATE, STREAM_RATE } from "../base/rate_defaults.ts";
import { NotAllowedError, RateExceededError } from "../base/errors.ts";
import type { Link } from "../trust/capability.ts";
import type { JoinedPeer } from "./joined_peer.ts";
import type { DialRequest, Network, NetworkStream, PeerConnection } from "./network.ts";
import { chooseConnection } from "../quic/mod.ts";
import { RateLimiter } from "../base/rate_limit.ts";
import type { AdmittedPeer, HandleOptions, StreamWay } from "../base/mesh.ts";
import type { PeerId } from "../base/peer_id.ts";
import { type ProtocolRoles, rolesOf, WIDE_PROTOCOLS } from "../base/protocols.ts";
import type { MemberRole } from "../base/roles.ts";
import type { StreamLane } from "./stream_lane.ts";

export type PeerStreamHandler = (
  stream: NetworkStream,
  peer: AdmittedPeer,
  connection: PeerConnection,
) => Promise<void>;

/** `superseded`: another connection to the peer is used from now on; this one closes once its streams have ended. */
export type PeerEvent =
  | AdmissionEvent
  | { readonly type: "superseded"; readonly connection: PeerConnection };

export interface PeerNetworkParts {
  readonly self: PeerId;
  readonly role: MemberRole;
  readonly network: Network;
  readonly admission: Admission;
  /** For the streams of `WIDE_PROTOCOLS`. @default {they go over the connections} */
  readonly lane?: StreamLane | undefined;
  readonly clock: Pick<Clock, "elapsed">;
  readonly counters: Counters;
  readonly logger: Logger;
}

/**
 * Streams between members: nothing is opened or answered before the join has passed. Of several
 * connections to one peer one is used, and the others run dry.
 */
export class PeerNetwork {
  readonly #self: PeerId;
  readonly #role: MemberRole;
  readonly #network: Network;
  readonly #admission: Admission;
  readonly #lane: StreamLane | undefined;
  readonly #ways = new WeakMap<PeerConnection, StreamWay>();
  readonly #logger: Logger;
  readonly #events: Emitter<PeerEvent>;
  readonly #draining = new WeakSet<PeerConnection>();
  /** Connections of members that were passive when they joined, and gossip now. */
  readonly #activated = new WeakSet<PeerConnection>();
  readonly #clock: Pick<Clock, "elapsed">;
  readonly #counters: Counters;
  /** By peer: it may send something bad now and then. */
  readonly #forgiven = new RateLimiter(MISCONDUCT_RATE);

  constructor({ self, role, network, admission, lane, clock, counters, logger }: PeerNetworkParts) {
    this.#self = self;
    this.#role = role;
    this.#network = network;
    this.#admission = admission;
    this.#lane = lane;
    this.#clock = clock;
    this.#counters = counters;
    this.#logger = logger;
    this.#events = new Emitter((error, { connection }) => {
      logger.error("A connection could not be taken in: {error}", { error });
      // Later, so that nobody hears of its end before its beginning.
      queueMicrotask(() => connection.abort(error as Error));
    });
    admission.subscribe((event) => {
      this.#events.emit(event);
      if (event.type === "admitted") this.#settle(event.peer.id);
    });
  }

  subscribe(listener: (event: PeerEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /** The connection for new streams to the peer. */
  connectionTo(peer: PeerId): PeerConnection | undefined {
    return this.#choose(peer)?.keep;
  }

  isConnected(peer: PeerId): boolean {
    return this.connectionTo(peer) !== undefined;
  }

  /** Peers with at least one admitted connection. */
  connectedPeers(): Map<PeerId, JoinedPeer> {
    return this.#admission.connections.peers();
  }

  /** The peer has shown other certificates, which were checked: its connections stand by them from now on. */
  renew(peer: PeerId, links: readonly Link[]): void {
    this.#admission.renew(peer, links);
  }

  /** Active members with at least one admitted connection. */
  connectedMembers(): Set<PeerId> {
    return new Set(this.activeConnections().map(({ peer }) => peer.id));
  }

  /** Whether an admitted connection to the peer is open, over which it gossips or would. */
  isActive(peer: PeerId): boolean {
    return this.#admission.connections.of(peer).some((one) => this.#isActive(one));
  }

  /** Admitted connections of active members. */
  activeConnections(): AdmittedConnection[] {
    return [...this.#admission.connections.all()].filter((one) => this.#isActive(one));
  }

  /** A passive member has become an active one on this connection; false where it was one already. */
  activate(connection: PeerConnection): boolean {
    const admitted = this.#admission.connections.of(connection.peer)
      .find((one) => one.connection.id === connection.id);
    if (admitted === undefined || this.#isActive(admitted)) return false;
    this.#activated.add(connection);
    return true;
  }

  /** @throws {UnreachableError | RefusedError} or the signal's reason. */
  async connect(request: DialRequest): Promise<PeerConnection> {
    const existing = this.connectionTo(request.peer);
    if (existing !== undefined) return existing;
    const connection = await this.#network.dial(request);
    await this.#admission.admitted(connection, request.signal);
    return connection;
  }

  /** A new connection beside those there are: its handshake is all that is waited for. */
  async handshake(request: DialRequest): Promise<void> {
    await this.#network.dial({ ...request, fresh: true });
  }

  /** Opens a stream over the peer's connection, or over a new one. */
  async open(
    protocol: string,
    { peer, addresses, signal, optimistic = false }:
      & Omit<DialRequest, "fresh" | "signal">
      & { readonly signal?: AbortSignal | undefined; readonly optimistic?: boolean | undefined },
  ): Promise<NetworkStream> {
    using deadline = Deadline.forStep(
      OPEN_STREAM_TIMEOUT_MS,
      `Opening a stream to ${peer}`,
      signal,
    );
    const connection = await this.connect({ peer, addresses, signal: deadline.signal });
    const wide = await this.#openWide(protocol, connection, deadline.signal);
    return wide ?? await connection.openStream(protocol, deadline.signal, { optimistic });
  }

  /**
   * How the last stream of `WIDE_PROTOCOLS` to or from the peer went, on the connection that is in use, or else on one that
   * runs dry.
   */
  streamWay(peer: PeerId): StreamWay | undefined {
    const used = this.connectionTo(peer);
    const others = this.#admission.connections.of(peer).map(({ connection }) => connection);
    for (const connection of used === undefined ? others : [used, ...others]) {
      const way = this.#ways.get(connection);
      if (way !== undefined) return way;
    }
    return undefined;
  }

  /**
   * The handler ends both directions; what it leaves open is reset.
   * @throws {TypeError} for a protocol that no role is known to open. @throws {NotAllowedError} for one of other roles.
   */
  handle(protocol: string, options: HandleOptions, handler: PeerStreamHandler): void {
    const { opens, answers } = rolesOf(protocol);
    if (!answers.includes(this.#role)) {
      throw new NotAllowedError(`A ${this.#role} has no part in ${protocol}`);
    }
    const limiter = new RateLimiter(options.rate ?? STREAM_RATE);
    const incoming = (way: StreamWay) => (stream: NetworkStream, connection: PeerConnection) => {
      this.#noteWay(protocol, connection, way);
      this.#serve(stream, connection, { opens, limiter }, handler).catch((error) => {
        stream.reset(error);
        const { peer } = connection;
        if (error instanceof BadMessageError || error instanceof NotAllowedError) {
          this.misbehaved(peer, error);
        }
        this.#logger.debug("A stream of {protocol} from {peer} ended: {error}", {
          protocol,
          peer,
          error,
        });
      });
    };
    this.#network.handle(protocol, options.maxStreams, incoming("quic"));
    if (WIDE_PROTOCOLS.has(protocol)) {
      this.#lane?.handle(protocol, options.maxStreams, incoming("tcp"));
    }
  }

  /** The peer sent something that no honest one sends. A peer that does so again and again is cut off. */
  misbehaved(peer: PeerId, reason: Error): void {
    // Bytes that were on their way when the connection was closed do not count.
    if (!this.isConnected(peer) || this.#forgiven.allows(peer, this.#clock.elapsed())) return;
    this.#counters.count("cutMisconduct");
    this.#logger.warn("{peer} sends data that no honest node sends, and is cut off: {reason}", {
      event: "misconduct",
      peer,
      reason: reason.message,
    });
    this.disconnect(peer, reason);
  }

  /** Whether one stream at most, the gossip, uses the connection to the peer. */
  isIdle(peer: PeerId): boolean {
    const connection = this.connectionTo(peer);
    return connection === undefined || this.#streamsOn(connection) <= 1;
  }

  /** Closes the connections on which nothing is under way. */
  disconnectIdle(reason: Error): void {
    for (const { connection } of [...this.#admission.connections.all()]) {
      if (this.#streamsOn(connection) === 0) connection.abort(reason);
    }
  }

  /**
   * Closes connections to members that were passive when they joined: if this node was passive too, neither would open
   * the gossip.
   */
  disconnectPassive(reason: Error): void {
    for (const one of [...this.#admission.connections.all()]) {
      if (one.peer.role !== "member" || this.#isActive(one)) continue;
      if (this.#streamsOn(one.connection) === 0) one.connection.abort(reason);
      else void one.connection.drain();
    }
  }

  /** Closes every connection to the peer. */
  disconnect(peer: PeerId, reason: Error): void {
    for (const { connection } of this.#admission.connections.of(peer)) connection.abort(reason);
  }

  stop(): Promise<void> {
    this.#lane?.stop();
    return this.#network.stop();
  }

  /** Open on the connection, or beside it, without those that only wait for a use. */
  #streamsOn(connection: PeerConnection): number {
    return connection.streams - (this.#lane?.sparesOf(connection) ?? 0);
  }

  async #openWide(
    protocol: string,
    connection: PeerConnection,
    signal: AbortSignal,
  ): Promise<NetworkStream | undefined> {
    if (!WIDE_PROTOCOLS.has(protocol)) return undefined;
    const stream = await this.#lane?.open(protocol, connection, signal);
    this.#noteWay(protocol, connection, stream === undefined ? "quic" : "tcp");
    return stream;
  }

  #noteWay(protocol: string, connection: PeerConnection, way: StreamWay): void {
    if (WIDE_PROTOCOLS.has(protocol)) this.#ways.set(connection, way);
  }

  #isActive({ connection, peer }: AdmittedConnection): boolean {
    return !peer.passive || this.#activated.has(connection);
  }

  /** Between the connections to the peer's newest life. */
  #choose(peer: PeerId) {
    const entries = this.#admission.connections.of(peer);
    const newest = Math.max(...entries.map((entry) => entry.peer.incarnation));
    const living = entries.filter((entry) => entry.peer.incarnation === newest);
    return chooseConnection(living.map(({ connection }) => connection), { self: this.#self, peer });
  }

  #settle(peer: PeerId): void {
    for (const loser of this.#choose(peer)?.drain ?? []) {
      if (this.#draining.has(loser)) continue;
      this.#draining.add(loser);
      this.#events.emit({ type: "superseded", connection: loser });
      loser.drain();
    }
  }

  async #serve(
    stream: NetworkStream,
    connection: PeerConnection,
    { opens, limiter }: Pick<ProtocolRoles, "opens"> & { readonly limiter: RateLimiter },
    handler: PeerStreamHandler,
  ): Promise<void> {
    const peer = await this.#awaitAdmission(connection);
    if (!limiter.allows(peer.id, this.#clock.elapsed())) {
      this.#counters.count("streamsLimited");
      throw new RateExceededError(`${peer.id} opens more streams than are allowed`);
    }
    if (!opens.includes(peer.role)) {
      this.#counters.count("streamsForbidden");
      throw new NotAllowedError(`A ${peer.role} may not open this protocol`);
    }
    await handler(stream, { id: peer.id, role: peer.role }, connection);
    await stream.release();
  }

  async #awaitAdmission(connection: PeerConnection): Promise<JoinedPeer> {
    using deadline = Deadline.forStep(JOIN_TIMEOUT_MS, "The join");
    return await this.#admission.admitted(connection, deadline.signal);
  }
}
