import type { Logger } from "@logtape/logtape";
import { asError, reasonOf } from "../../base/as_error.ts";
import { pause } from "../../base/pause.ts";
import { raceSignal } from "../../base/race_signal.ts";
import type { DatagramPath } from "../base/datagram_path.ts";
import {
  CARRIER_RETRY_MS,
  CARRIER_SLOW_RETRY_MS,
  IDLE_ROUNDS,
  NATIVE_HEAD_START_MS,
  PIPE_LINGER_MS,
  PIPE_REDIAL_MS,
} from "../base/defaults.ts";
import { UnreachableError } from "../base/errors.ts";
import type { PeerId } from "../base/peer_id.ts";
import { dialsPipe, REACH_PROTOCOL, type ReachEnd } from "../reach/mod.ts";
import {
  type ConnectionListener,
  type DialRequest,
  type IncomingStream,
  isPiped,
  type Network,
  type NetworkStream,
  type PeerConnection,
} from "./network.ts";

/** A way over another node, until one of the three ends it. */
export interface CarriedPath extends DatagramPath {
  /** Never rejects. */
  readonly closed: Promise<void>;
}

export interface ReachingParts {
  readonly network: Network;
  readonly reach: ReachEnd;
  readonly self: PeerId;
  /** This node has no port that others could dial. @default {false} */
  readonly isClient?: boolean;
  readonly logger: Logger;
  /** Nodes that this one is connected to and that may carry to the peer, the best first. */
  readonly carriers: (to: PeerId) => readonly PeerId[];
  /** A way over one of them, once the peer has agreed to it. */
  readonly carry: (by: PeerId, to: PeerId, signal: AbortSignal) => Promise<CarriedPath>;
  /** Nodes that may see this one from outside of its router beside the one that carries. @default {nobody} */
  readonly witnesses?: () => readonly PeerId[];
  /** A stream of `REACH_PROTOCOL` on the connection to one of them. */
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
  /** The last way over another node that each pipe has got. */
  readonly #paths = new Map<PeerId, CarriedPath>();
  /** Callers that wait until a peer has dialled this node. */
  readonly #awaited = new Map<PeerId, Set<(connection: PeerConnection) => void>>();
  /** Dials of pipes that are under way. */
  readonly #dialling = new Map<PeerId, number>();
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

  /**
   * By the peer's addresses first: a way over another node costs that node as much as both. An address that is silent holds
   * that back for a moment only, and one that answers after all takes over. A peer that is reached by a pipe is asked there
   * for a connection beside that one: its addresses would say that it is dead.
   */
  async dial(request: DialRequest): Promise<PeerConnection> {
    const { peer, fresh = false, signal } = request;
    if (fresh && this.#piped.has(peer)) {
      const connection = await this.#dialOver(request).catch(() => undefined);
      if (connection !== undefined) return connection;
      signal.throwIfAborted();
    }
    const native = this.#parts.network.dial(request);
    const ending = new AbortController();
    const over = this.#dialOverSoon(
      { ...request, signal: AbortSignal.any([signal, ending.signal]) },
      native,
    );
    try {
      return await Promise.any([native, over]);
    } catch {
      signal.throwIfAborted();
      return await native;
    } finally {
      ending.abort(new Error("The peer was reached at its address"));
    }
  }

  /** A peer wants to reach this node over another one. */
  accept(peer: PeerId, by: PeerId, path: CarriedPath, { isClient = false } = {}): void {
    this.#own(this.#accept(peer, by, { path, isClient }), peer);
  }

  /** A peer has opened a stream of `REACH_PROTOCOL`. Resolves with its end. */
  meet(peer: PeerId, stream: NetworkStream): Promise<void> {
    return this.#parts.reach.meet(peer, stream, { opens: false });
  }

  /** There may be another witness: one alone can't tell whether the router gives each peer a new port. */
  askAround(): void {
    if (this.#paths.size === 0) return;
    for (const one of this.#parts.witnesses?.() ?? []) this.#askWhatIsSeen(one);
  }

  async stop(): Promise<void> {
    const hasPipes = this.#piped.size > 0;
    await this.#parts.network.stop();
    // The last word of each connection still has to leave by its pipe.
    if (hasPipes) await pause(PIPE_LINGER_MS, this.#stopping.signal);
    this.#stopping.abort(new Error("This node stops"));
    await this.#parts.reach.close();
  }

  /** Once the native dial has failed, or has had its head start. */
  async #dialOverSoon(
    request: DialRequest,
    native: Promise<PeerConnection>,
  ): Promise<PeerConnection> {
    const { peer, signal } = request;
    const failing = new AbortController();
    native.catch((error) => failing.abort(error));
    await pause(NATIVE_HEAD_START_MS, AbortSignal.any([signal, failing.signal]));
    signal.throwIfAborted();
    const { reason } = failing.signal;
    if (failing.signal.aborted && !(reason instanceof UnreachableError)) throw reason;
    const connection = await this.#dialOver(request);
    if (connection === undefined) throw new UnreachableError(`Nobody carries to ${peer}`);
    return connection;
  }

  /** `undefined` where no node carries, or nobody answers there. */
  async #dialOver(request: DialRequest): Promise<PeerConnection | undefined> {
    const { peer, fresh = false, signal } = request;
    if (!this.#dials(peer)) return await this.#invite(request);
    const way = this.#parts.reach.ways().get(peer);
    // A peer in doubt may have lost no more than the node that carries, and one that has gone may have come back.
    const isInDoubt = way === undefined ||
      (way.kind === "relayed" && (fresh || !this.#isUsed(peer)));
    if (isInDoubt && !await this.#carry(peer, signal) && way === undefined) return undefined;
    return await this.#dialPipe(peer, signal);
  }

  #dials(peer: PeerId): boolean {
    return this.#parts.isClient === true || dialsPipe(this.#parts.self, peer);
  }

  /** The peer dials once it hears of the way, also beside a connection that there is. */
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
      this.#dropUnused(peer);
    }
  }

  /** Makes a way over the first node that has one; the node that carries now is asked last. */
  async #carry(peer: PeerId, signal: AbortSignal): Promise<boolean> {
    const { carriers, carry, reach, logger } = this.#parts;
    const now = reach.ways().get(peer)?.by;
    const others = carriers(peer);
    const inOrder = others.filter((by) => by !== now).concat(others.filter((by) => by === now));
    for (const by of inOrder) {
      try {
        const path = await carry(by, peer, signal);
        this.#use(peer, { by, path, dials: this.#dials(peer) });
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

  #use(
    peer: PeerId,
    { by, path, dials }: {
      readonly by: PeerId;
      readonly path: CarriedPath;
      readonly dials: boolean;
    },
  ): void {
    const { reach } = this.#parts;
    try {
      reach.open(peer, { by, path, dials });
    } catch (error) {
      path.close();
      throw error;
    }
    this.#paths.set(peer, path);
    this.#askWhatIsSeen(by);
    this.askAround();
    void path.closed.then(() => {
      if (reach.lost(peer, path)) this.#own(this.#replace(peer, dials), peer);
    });
  }

  /** The one that does not dial opens a way to be dialled, also beside a connection that it doubts. */
  async #accept(
    peer: PeerId,
    by: PeerId,
    { path, isClient }: { readonly path: CarriedPath; readonly isClient: boolean },
  ): Promise<void> {
    const dials = !isClient && this.#dials(peer);
    this.#use(peer, { by, path, dials });
    if (dials) await this.#dialPipe(peer, this.#stopping.signal);
  }

  async #dialPipe(peer: PeerId, signal: AbortSignal): Promise<PeerConnection | undefined> {
    const { network, reach } = this.#parts;
    const port = reach.portOf(peer);
    if (port === undefined) return undefined;
    // Without the PeerId libp2p does not make it wait for a native dial to the peer that is under way.
    const addresses = [`/ip4/127.0.0.1/udp/${port}/quic-v1`];
    const ended = this.#begin(peer);
    try {
      const connection = await network.dial({ peer, addresses, fresh: true, signal });
      if (connection.peer === peer) return connection;
      const stranger = new UnreachableError(`${connection.peer} answers in the place of ${peer}`);
      connection.abort(stranger);
      throw stranger;
    } finally {
      ended();
      this.#dropUnused(peer);
    }
  }

  /** Counts a dial until it has ended. */
  #begin(peer: PeerId): () => void {
    this.#dialling.set(peer, (this.#dialling.get(peer) ?? 0) + 1);
    return () => {
      const left = (this.#dialling.get(peer) ?? 0) - 1;
      if (left > 0) this.#dialling.set(peer, left);
      else this.#dialling.delete(peer);
    };
  }

  /**
   * The node that carried has gone: the one that dials looks for another, the other waits for it. The handshake may still be
   * under way at the other end; a pipe that has no connection after a while is not needed.
   */
  async #replace(peer: PeerId, dials: boolean): Promise<void> {
    const { signal } = this.#stopping;
    const last = this.#paths.get(peer);
    for (let round = 0;; round++) {
      await pause(Math.min(CARRIER_RETRY_MS * 2 ** round, CARRIER_SLOW_RETRY_MS), signal);
      if (this.#paths.get(peer) !== last || signal.aborted) return;
      const isUsed = this.#isUsed(peer);
      if (!isUsed && round >= IDLE_ROUNDS) return this.#drop(peer);
      if (dials && isUsed && await this.#carry(peer, signal)) return;
    }
  }

  /** A pipe has a connection, or gets one: closed under a handshake it would leave the peer waiting for seconds. */
  #isUsed(peer: PeerId): boolean {
    return this.#piped.has(peer) || this.#awaited.has(peer) || this.#dialling.has(peer);
  }

  #dropUnused(peer: PeerId): void {
    if (!this.#isUsed(peer)) this.#drop(peer);
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

  /** The peer hears of the end by the pipe, and may dial it anew at once. A way that was made meanwhile is for a new dial. */
  async #dropLater(peer: PeerId): Promise<void> {
    const path = this.#paths.get(peer);
    await pause(PIPE_REDIAL_MS, this.#stopping.signal);
    if (this.#paths.get(peer) === path) this.#dropUnused(peer);
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
