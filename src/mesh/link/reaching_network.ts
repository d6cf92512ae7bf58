import type { Logger } from "@logtape/logtape";
import { asError, reasonOf } from "../../base/as_error.ts";
import { pause } from "../../base/pause.ts";
import { raceSignal } from "../../base/race_signal.ts";
import type { DatagramPath } from "../base/datagram_path.ts";
import { CARRIER_RETRY_MS, IDLE_ROUNDS, PIPE_LINGER_MS } from "../base/defaults.ts";
import { UnreachableError } from "../base/errors.ts";
import type { PeerId } from "../base/peer_id.ts";
import { dialsPipe, type Reach, REACH_PROTOCOL } from "../reach/mod.ts";
import type {
  ConnectionListener,
  DialRequest,
  IncomingStream,
  Network,
  NetworkStream,
  PeerConnection,
} from "./network.ts";

/** A way over another node, until one of the three ends it. */
export interface CarriedPath extends DatagramPath {
  /** Never rejects. */
  readonly closed: Promise<void>;
}

export interface ReachingParts {
  readonly network: Network;
  readonly reach: Reach;
  readonly self: PeerId;
  readonly logger: Logger;
  /** Nodes that this one is connected to and that may carry to the peer, the best first. */
  readonly carriers: (to: PeerId) => readonly PeerId[];
  /** A way over one of them, once the peer has agreed to it. */
  readonly carry: (by: PeerId, to: PeerId, signal: AbortSignal) => Promise<CarriedPath>;
  /** A stream of `REACH_PROTOCOL` on the connection to a node that carries: it sees this one from outside of its router. */
  readonly openTo: (peer: PeerId, signal: AbortSignal) => Promise<NetworkStream>;
}

/**
 * The network of a node that also reaches those it can't dial: over a node that both are connected to, by a pipe, whose
 * datagrams go directly as soon as they can. To its users such a connection is like any other.
 */
export class ReachingNetwork implements Network {
  readonly #parts: ReachingParts;
  readonly #stopping = new AbortController();
  /** Connections over pipes, by the peer. */
  readonly #piped = new Map<PeerId, Set<PeerConnection>>();
  /** The way over another node that each pipe has. */
  readonly #paths = new Map<PeerId, CarriedPath>();
  /** Callers that wait until a peer has dialled this node. */
  readonly #awaited = new Map<PeerId, Set<(connection: PeerConnection) => void>>();
  /** Nodes that have been asked what they see of this one, or are. */
  readonly #asked = new Set<PeerId>();

  constructor(parts: ReachingParts) {
    this.#parts = parts;
    parts.network.listen({
      opened: (connection) => this.#onOpened(connection),
      closed: (connection) => this.#onClosed(connection),
    });
  }

  listen(listener: ConnectionListener): void {
    this.#parts.network.listen(listener);
  }

  handle(protocol: string, maxStreams: number, incoming: IncomingStream): void {
    this.#parts.network.handle(protocol, maxStreams, incoming);
  }

  /** By the peer's addresses first: a way over another node costs that node as much as both. */
  async dial(request: DialRequest): Promise<PeerConnection> {
    try {
      return await this.#parts.network.dial(request);
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof UnreachableError)) throw error;
      const connection = await this.#dialOver(request);
      if (connection === undefined) throw error;
      return connection;
    }
  }

  /** A peer wants to reach this node over another one. */
  accept(peer: PeerId, by: PeerId, path: CarriedPath): void {
    this.#own(this.#accept(peer, by, path), peer);
  }

  /** A peer has opened a stream of `REACH_PROTOCOL`. Resolves with its end. */
  meet(peer: PeerId, stream: NetworkStream): Promise<void> {
    return this.#parts.reach.meet(peer, stream, { opens: false });
  }

  async stop(): Promise<void> {
    const hasPipes = this.#piped.size > 0;
    await this.#parts.network.stop();
    // The last word of each connection still has to leave by its pipe.
    if (hasPipes) await pause(PIPE_LINGER_MS, this.#stopping.signal);
    this.#stopping.abort(new Error("This node stops"));
    await this.#parts.reach.close();
  }

  /** `undefined` where no node carries, or nobody answers there. */
  async #dialOver(request: DialRequest): Promise<PeerConnection | undefined> {
    const { peer, signal } = request;
    const { self, reach } = this.#parts;
    // The one that does not dial has no other connection to offer than the one that it has.
    if (!dialsPipe(self, peer)) return await this.#invite(request);
    if (!reach.ways().has(peer) && !await this.#carry(peer, signal)) return undefined;
    return await this.#dialPipe(peer, signal);
  }

  /** The peer dials once it hears of the way. */
  async #invite({ peer, signal }: DialRequest): Promise<PeerConnection | undefined> {
    const { promise, resolve } = Promise.withResolvers<PeerConnection>();
    const waiting = this.#awaited.get(peer) ?? new Set();
    this.#awaited.set(peer, waiting.add(resolve));
    try {
      if (!await this.#carry(peer, signal)) return undefined;
      return await raceSignal(promise, signal);
    } finally {
      waiting.delete(resolve);
      if (waiting.size === 0) this.#awaited.delete(peer);
      if (waiting.size === 0 && !this.#piped.has(peer)) this.#drop(peer);
    }
  }

  /** Makes a way over the first node that has one. */
  async #carry(peer: PeerId, signal: AbortSignal): Promise<boolean> {
    const { carriers, carry, logger } = this.#parts;
    for (const by of carriers(peer)) {
      try {
        this.#use(peer, by, await carry(by, peer, signal));
        return true;
      } catch (error) {
        signal.throwIfAborted();
        logger.debug("{by} does not carry to {peer}: {reason}", {
          by,
          peer,
          reason: reasonOf(error),
        });
      }
    }
    return false;
  }

  #use(peer: PeerId, by: PeerId, path: CarriedPath): void {
    this.#paths.set(peer, path);
    this.#parts.reach.open(peer, { by, path });
    this.#askWhatIsSeen(by);
    void path.closed.then(() => this.#own(this.#replace(peer, path), peer));
  }

  async #accept(peer: PeerId, by: PeerId, path: CarriedPath): Promise<void> {
    this.#use(peer, by, path);
    const isConnected = (this.#piped.get(peer)?.size ?? 0) > 0;
    if (isConnected || !dialsPipe(this.#parts.self, peer)) return;
    await this.#dialPipe(peer, this.#stopping.signal);
  }

  async #dialPipe(peer: PeerId, signal: AbortSignal): Promise<PeerConnection | undefined> {
    const { network, reach } = this.#parts;
    const port = reach.portOf(peer);
    if (port === undefined) return undefined;
    const addresses = [`/ip4/127.0.0.1/udp/${port}/quic-v1/p2p/${peer}`];
    try {
      return await network.dial({ peer, addresses, fresh: true, signal });
    } catch (error) {
      if (!this.#piped.has(peer)) this.#drop(peer);
      throw error;
    }
  }

  /**
   * The node that carried has gone: the one that dials looks for another, the other waits for it. The handshake may still be
   * under way; a pipe that has no connection after a while is not needed.
   */
  async #replace(peer: PeerId, path: CarriedPath): Promise<void> {
    const { signal } = this.#stopping;
    const dials = dialsPipe(this.#parts.self, peer);
    for (let round = 1;; round++) {
      await pause(CARRIER_RETRY_MS, signal);
      if (this.#paths.get(peer) !== path || signal.aborted) return;
      if (!this.#piped.has(peer) && round >= IDLE_ROUNDS) return this.#drop(peer);
      if (dials && await this.#carry(peer, signal)) return;
    }
  }

  #drop(peer: PeerId): void {
    this.#paths.delete(peer);
    this.#parts.reach.drop(peer);
  }

  #onOpened(connection: PeerConnection): void {
    const { peer } = connection;
    if (!isPiped(connection)) return;
    this.#piped.set(peer, (this.#piped.get(peer) ?? new Set()).add(connection));
    for (const resolve of this.#awaited.get(peer) ?? []) resolve(connection);
    if (connection.direction === "outbound") this.#own(this.#agree(connection), peer);
  }

  #onClosed(connection: PeerConnection): void {
    const { peer } = connection;
    const left = this.#piped.get(peer);
    if (left === undefined || !left.delete(connection) || left.size > 0) return;
    this.#piped.delete(peer);
    this.#own(this.#dropLater(peer), peer);
  }

  /** The peer hears of the end by the pipe, and may dial it anew at once. */
  async #dropLater(peer: PeerId): Promise<void> {
    await pause(PIPE_LINGER_MS, this.#stopping.signal);
    if (!this.#piped.has(peer) && !this.#awaited.has(peer)) this.#drop(peer);
  }

  async #agree(connection: PeerConnection): Promise<void> {
    const stream = await connection.openStream(REACH_PROTOCOL, this.#stopping.signal);
    await this.#meet(connection.peer, stream);
  }

  #askWhatIsSeen(by: PeerId): void {
    if (this.#asked.has(by)) return;
    this.#asked.add(by);
    const asking = this.#parts.openTo(by, this.#stopping.signal)
      .then((stream) => this.#meet(by, stream))
      .finally(() => this.#asked.delete(by));
    this.#own(asking, by);
  }

  async #meet(peer: PeerId, stream: NetworkStream): Promise<void> {
    try {
      await this.#parts.reach.meet(peer, stream, { opens: true });
    } catch (error) {
      stream.reset(asError(error));
      throw error;
    } finally {
      await stream.release();
    }
  }

  /** A peer that goes breaks what was under way with it. */
  #own(work: Promise<void>, peer: PeerId): void {
    work.catch((error) =>
      this.#parts.logger.debug("A way to {peer} ended: {reason}", { peer, reason: reasonOf(error) })
    );
  }
}

function isPiped({ remoteAddress }: PeerConnection): boolean {
  return remoteAddress.includes("/p2p-circuit");
}
