import { raceSignal } from "../../base/race_signal.ts";
import type { Logger } from "@logtape/logtape";
import type { EntropyMessage } from "./gossip_messages.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { GOODBYE_TIMEOUT_MS, OPEN_STREAM_TIMEOUT_MS } from "../base/defaults.ts";
import { Deadline } from "../../base/deadline.ts";
import { RateExceededError } from "../base/errors.ts";
import { GossipLink } from "./gossip_link.ts";
import type { NetworkStream, PeerConnection } from "../link/network.ts";
import type { GossipLinks, GossipListener } from "./peer_links.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "../base/peer_id.ts";

export const GOSSIP_PROTOCOL = "/mesh-llm/gossip/1";

interface OpenLink {
  readonly link: GossipLink;
  readonly connection: PeerConnection;
  readonly done: Promise<void>;
}

/** One link on each connection between members, opened by the side that dialled. */
export class Gossip implements GossipLinks {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #logger: Logger;
  /** By connection; the newest last. */
  readonly #links = new Map<string, OpenLink>();
  #listener: GossipListener | undefined;
  readonly #retired = new WeakSet<PeerConnection>();
  #stopping = false;

  constructor(
    { clock, counters, logger }: {
      readonly clock: Clock;
      readonly counters: Counters;
      readonly logger: Logger;
    },
  ) {
    this.#counters = counters;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Sets the listener for messages; nothing is opened or accepted before. */
  start(listener: GossipListener): void {
    this.#listener = listener;
  }

  /** Answers a peer that has dialled. */
  accept(stream: NetworkStream, connection: PeerConnection): Promise<void> {
    return this.#run(stream, connection);
  }

  /** Opens the link on a connection that this node has dialled. */
  open(connection: PeerConnection): void {
    this.#openLink(connection).catch((error) => {
      this.#logger.debug("No gossip with {peer}: {error}", { peer: connection.peer, error });
      connection.abort(error);
    });
  }

  /** Another connection to the peer is used from now on: what waits is sent, and the link ends. */
  retire(connection: PeerConnection): void {
    this.#retired.add(connection);
    this.#links.get(connection.id)?.link.end();
    this.#links.delete(connection.id);
  }

  peers(): readonly PeerId[] {
    return [...new Set([...this.#links.values()].map(({ link }) => link.peer))];
  }

  send(peer: PeerId, records: Iterable<MeshRecord>): void {
    const link = this.#linkTo(peer);
    for (const record of records) link?.send(record);
  }

  /** Sends a ping where there is a link; `answered` follows if the peer lives. */
  ping(peer: PeerId): boolean {
    const link = this.#linkTo(peer);
    link?.ping();
    return link !== undefined;
  }

  tell(peer: PeerId, message: EntropyMessage): void {
    this.#linkTo(peer)?.tell(message);
  }

  part(peer: PeerId): void {
    for (const { link, connection } of [...this.#links.values()]) {
      if (link.peer === peer) this.retire(connection);
    }
  }

  /** Sends what waits, and resolves when all peers have taken it or time is up. */
  async finish(): Promise<void> {
    this.#stopping = true;
    const open = [...this.#links.values()];
    for (const { link } of open) link.end();
    using deadline = Deadline.forStep(GOODBYE_TIMEOUT_MS, "The goodbye");
    const heard = Promise.allSettled(open.map(({ done }) => done));
    await raceSignal(heard, deadline.signal).catch(() => undefined);
  }

  async #openLink(connection: PeerConnection): Promise<void> {
    await this.#run(await openStream(connection), connection);
  }

  /** A connection without gossip can't be used: if the gossip breaks both do, and if it ends both end. */
  async #run(stream: NetworkStream, connection: PeerConnection): Promise<void> {
    const link = new GossipLink(connection.peer, stream, this.#clock);
    const done = link.run({
      received: (records) => this.#listener?.received(records, link.peer),
      answered: (rttMs) => this.#listener?.answered(link.peer, rttMs),
      told: (message) => this.#listener?.told(message, link.peer),
      parted: () => this.#isOnly(link) && this.#listener?.parted(link.peer),
    });
    if (!this.#retired.has(connection)) this.#links.set(connection.id, { link, connection, done });
    if (this.#stopping || this.#retired.has(connection)) link.end();
    else if (connection.isOpen) this.#listener?.opened(link.peer);
    try {
      await done;
      await stream.release();
      // The peer may have found sooner than we that another connection is used.
      if (!this.#stopping) connection.drain();
    } catch (error) {
      if (error instanceof RateExceededError) this.#counters.count("gossipLimited");
      if (!this.#stopping) connection.abort(new Error("The gossip broke", { cause: error }));
      throw error;
    } finally {
      // A peer that was away for a moment has opened the next one already.
      if (this.#links.get(connection.id)?.link === link) this.#links.delete(connection.id);
    }
  }

  #linkTo(peer: PeerId): GossipLink | undefined {
    return [...this.#links.values()].findLast(({ link }) => link.peer === peer)?.link;
  }

  /** If there is another link, the peer has only changed from one connection to the other. */
  #isOnly(link: GossipLink): boolean {
    return ![...this.#links.values()].some((one) =>
      one.link.peer === link.peer && one.link !== link
    );
  }
}

async function openStream(connection: PeerConnection): Promise<NetworkStream> {
  using deadline = Deadline.forStep(OPEN_STREAM_TIMEOUT_MS, "Opening the gossip");
  return await connection.openStream(GOSSIP_PROTOCOL, deadline.signal);
}
