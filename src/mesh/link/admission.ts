import { Emitter } from "../../base/emitter.ts";
import { raceSignal } from "../../base/race_signal.ts";
import type { Logger } from "@logtape/logtape";
import { AdmittedConnections } from "./admitted_connections.ts";
import type { Clock } from "../base/clock.ts";
import { sourceOf, yieldingOf } from "./crowding.ts";
import { Deadline } from "../../base/deadline.ts";
import type { Counters } from "../base/counters.ts";
import { CONNECT_RATE, JOIN_RATE } from "../base/rate_defaults.ts";
import { JOIN_TIMEOUT_MS, MAX_CONNECTIONS, MAX_PENDING_JOINS } from "../base/defaults.ts";
import { RefusedError } from "../base/errors.ts";
import { answerJoin, type Contest, JOIN_PROTOCOL, type JoinSelf, proposeJoin } from "./join.ts";
import type { JoinedPeer } from "./joined_peer.ts";
import type { Link } from "../trust/capability.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { Network, NetworkStream, PeerConnection } from "./network.ts";
import { askForLife } from "./proof_of_life.ts";
import { RateLimiter } from "../base/rate_limit.ts";

/** A peer has proven its membership on a connection; or a connection has closed on which it had. */
export interface AdmissionEvent {
  readonly type: "admitted" | "closed";
  readonly connection: PeerConnection;
  readonly peer: JoinedPeer;
}

export interface AdmissionParts {
  readonly network: Network;
  readonly self: JoinSelf;
  readonly clock: Pick<Clock, "elapsed">;
  readonly counters: Counters;
  readonly logger: Logger;
}

interface Entry {
  readonly connection: PeerConnection;
  readonly source: string;
  readonly verdict: PromiseWithResolvers<JoinedPeer>;
  readonly deadline: Deadline;
  peer: JoinedPeer | undefined;
  /** It was counted. */
  isRefused: boolean;
}

/** Lets nothing pass on a connection before both ends have proven that they belong to the mesh. */
export class Admission {
  readonly #self: JoinSelf;
  readonly #clock: Pick<Clock, "elapsed">;
  readonly #counters: Counters;
  readonly #logger: Logger;
  readonly #limiter = new RateLimiter(JOIN_RATE);
  readonly #bySource = new RateLimiter(CONNECT_RATE);
  readonly #entries = new Map<string, Entry>();
  /** Connections that have proven nothing yet, the longest first. */
  readonly #waiting = new Set<Entry>();
  readonly #admitted = new AdmittedConnections();
  readonly #events: Emitter<AdmissionEvent>;

  /**
   * Another process of the same node seems to be here. If it lives and is the older, the newcomer is
   * a copy and has to go; if it lives and is the younger, it has to go itself.
   */
  readonly #contest: Contest = async (newcomer, nonce) => {
    const rivals = () =>
      this.#admitted.of(newcomer.id).filter(({ peer }) => peer.born !== newcomer.born);
    const rival = rivals().at(-1);
    const alive = rival && await askForLife(rival.connection, nonce);
    if (alive !== undefined) this.#counters.count("cutCopy");
    if (alive !== undefined && alive.born < newcomer.born) return { alive };
    const reason = new RefusedError(
      `${newcomer.id} was started again, or an older copy of it is here`,
    );
    for (const { connection } of rivals()) connection.abort(reason);
    return undefined;
  };

  constructor({ network, self, clock, counters, logger }: AdmissionParts) {
    this.#self = self;
    this.#clock = clock;
    this.#counters = counters;
    this.#logger = logger;
    this.#events = new Emitter((error, { connection }) => this.#onFailure(connection, error));
    network.handle(JOIN_PROTOCOL, 1, (stream, connection) => this.#onJoin(stream, connection));
    network.listen({
      mayCome: (remoteAddress) => this.#isWithinRate(remoteAddress),
      opened: (connection) => this.#guard(connection, () => this.#onOpened(connection)),
      closed: (connection) => this.#guard(connection, () => this.#onClosed(connection)),
    });
  }

  subscribe(listener: (event: AdmissionEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /**
   * Waits until the connection's peer is admitted.
   * @throws {RefusedError} or the signal's reason.
   */
  async admitted(connection: PeerConnection, signal: AbortSignal): Promise<JoinedPeer> {
    const entry = this.#entries.get(connection.id);
    if (entry === undefined) {
      throw new RefusedError(`The connection to ${connection.peer} is closed`);
    }
    return entry.peer ?? await raceSignal(entry.verdict.promise, signal);
  }

  /**
   * Lets somebody else judge a connection that was opened to this node and has proven nothing: it is neither cut off for
   * that nor ever admitted. False where it has been judged already, or was opened by this node.
   */
  excuse({ id, direction }: PeerConnection): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || direction === "outbound" || entry.peer !== undefined) return false;
    this.#entries.delete(id);
    this.#waiting.delete(entry);
    entry.deadline[Symbol.dispose]();
    entry.verdict.reject(new RefusedError(`${entry.connection.peer} pairs on this connection`));
    return true;
  }

  get connections(): Pick<AdmittedConnections, "of" | "peers" | "all"> {
    return this.#admitted;
  }

  /** The peer has shown other certificates, which were checked, on its connections. */
  renew(peer: PeerId, links: readonly Link[]): void {
    this.#admitted.renew(peer, links);
  }

  #onOpened(connection: PeerConnection): void {
    if (connection.direction === "outbound") {
      const entry = this.#enter(connection);
      return this.#own(entry, this.#propose(entry));
    }
    if (!this.#mayCome(connection)) {
      this.#counters.count("joinsLimited");
      connection.abort(new RefusedError(`${connection.peer} connects too often`));
      return;
    }
    if (this.#isFull && !this.#makeRoom(connection)) {
      connection.abort(new RefusedError("Too many connections are open"));
      return;
    }
    this.#waiting.add(this.#enter(connection));
  }

  #enter(connection: PeerConnection): Entry {
    const verdict = Promise.withResolvers<JoinedPeer>();
    verdict.promise.catch(() => undefined);
    const deadline = Deadline.forStep(JOIN_TIMEOUT_MS, "The join");
    const source = sourceOf(connection.remoteAddress);
    const entry: Entry = {
      connection,
      source,
      verdict,
      deadline,
      peer: undefined,
      isRefused: false,
    };
    this.#entries.set(connection.id, entry);
    deadline.signal.addEventListener("abort", () => this.#refuse(entry, deadline.signal.reason));
    return entry;
  }

  #onJoin(stream: NetworkStream, connection: PeerConnection): void {
    const entry = this.#entries.get(connection.id);
    if (entry === undefined || entry.peer !== undefined || connection.direction === "outbound") {
      stream.reset(new RefusedError("This connection did not begin with a join"));
      return;
    }
    const admit = (peer: JoinedPeer) => this.#admit(entry, peer);
    const join = answerJoin(stream, connection.peer, this.#self, { contest: this.#contest, admit });
    this.#own(entry, join, stream);
  }

  async #propose(entry: Entry): Promise<void> {
    const { connection, deadline } = entry;
    const stream = await connection.openStream(JOIN_PROTOCOL, deadline.signal);
    try {
      const peer = await proposeJoin(stream, connection.peer, this.#self, this.#contest);
      this.#admit(entry, peer);
    } finally {
      await stream.release();
    }
  }

  /** Catches what a join throws, for nobody else waits for it. */
  #own(entry: Entry, join: Promise<void>, stream?: NetworkStream): void {
    join.catch((error) => this.#refuse(entry, error)).then(() => stream?.release());
  }

  #admit(entry: Entry, peer: JoinedPeer): void {
    if (!this.#entries.has(entry.connection.id) || entry.peer !== undefined) return;
    entry.peer = peer;
    this.#waiting.delete(entry);
    this.#admitted.add({ connection: entry.connection, peer });
    entry.deadline[Symbol.dispose]();
    entry.verdict.resolve(peer);
    this.#logger.debug("Admitted {peer} as {role}", { peer: peer.id, role: peer.role });
    this.#closeEarlierLives(peer);
    this.#events.emit({ type: "admitted", connection: entry.connection, peer });
  }

  /** A process that was killed leaves connections that look open; its successor tells that they are not. */
  #closeEarlierLives({ id, incarnation }: JoinedPeer): void {
    for (const { connection, peer } of this.#admitted.of(id)) {
      if (peer.incarnation >= incarnation) continue;
      connection.abort(new RefusedError(`${id} was started again`));
    }
  }

  #refuse(entry: Entry, reason: Error): void {
    if (entry.peer === undefined && reason instanceof RefusedError) this.#countRefused(entry);
    // It has read the refusal, and closed the connection before this node could.
    if (!this.#entries.has(entry.connection.id)) return;
    if (!(reason instanceof RefusedError)) {
      const { peer } = entry.connection;
      reason = new RefusedError(`The join with ${peer} failed: ${reason.message}`, {
        cause: reason,
      });
    }
    this.#waiting.delete(entry);
    this.#countRefused(entry);
    this.#logger.debug("{reason}", { reason: reason.message, peer: entry.connection.peer });
    entry.verdict.reject(reason);
    entry.connection.abort(reason);
  }

  #countRefused(entry: Entry): void {
    if (entry.isRefused) return;
    entry.isRefused = true;
    this.#counters.count("joinsRefused");
  }

  #onClosed(connection: PeerConnection): void {
    const entry = this.#entries.get(connection.id);
    if (entry === undefined) return;
    this.#entries.delete(connection.id);
    this.#waiting.delete(entry);
    entry.deadline[Symbol.dispose]();
    entry.verdict.reject(new RefusedError(`${connection.peer} closed the connection`));
    const { peer } = entry;
    if (peer === undefined) return;
    this.#admitted.delete({ connection, peer });
    this.#events.emit({ type: "closed", connection, peer });
  }

  /** An error in a listener of libp2p would end the process: it ends the connection instead. */
  #guard(connection: PeerConnection, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onFailure(connection, error);
    }
  }

  #onFailure(connection: PeerConnection, error: unknown): void {
    this.#logger.error("A connection could not be admitted: {error}", { error });
    connection.abort(error as Error);
  }

  #isWithinRate(remoteAddress: string): boolean {
    const isAllowed = this.#bySource.allows(sourceOf(remoteAddress), this.#clock.elapsed());
    if (!isAllowed) this.#counters.count("connectionsLimited");
    return isAllowed;
  }

  #mayCome({ peer }: PeerConnection): boolean {
    return this.#limiter.allows(peer, this.#clock.elapsed());
  }

  get #isFull(): boolean {
    return this.#waiting.size >= MAX_PENDING_JOINS || this.#entries.size >= MAX_CONNECTIONS;
  }

  /** A peer that floods a node with connections that prove nothing must not keep others out. */
  #makeRoom({ remoteAddress }: PeerConnection): boolean {
    const yielding = yieldingOf(this.#waiting, sourceOf(remoteAddress));
    if (yielding === undefined) return false;
    this.#counters.count("joinsCrowdedOut");
    this.#refuse(yielding, new RefusedError("Too many connections wait to be admitted"));
    return true;
  }
}
