import type { ByteStream } from "./base/byte_stream.ts";
import { CLIENT_IDLE_MS, REFRESH_IDLE_MS } from "./base/defaults.ts";
import { IdleConnections } from "./link/idle_connections.ts";
import type { PresentPeer } from "./trust/invite_book.ts";
import type { MeshMode, ModeParts } from "./mesh_mode.ts";
import type { NetworkStream } from "./link/network.ts";
import { RouteFinder, type RoutesQuestion } from "./routes/route_finder.ts";
import { askRoutes, ROUTES_PROTOCOL } from "./routes/routes.ts";
import { addSample, measuredMs, type RttTrack, UNMEASURED } from "./gossip/rtt.ts";
import { EMPTY_TABLE } from "./routes/routing_table.ts";
import type { Announcement } from "./base/announcement.ts";
import type { OpenOptions, RefreshOptions } from "./base/mesh.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { RoutingTable } from "./base/table.ts";

/**
 * A passive node, a client or a member that stands by: asks active members for the routing table, and is
 * in nobody's list of members.
 */
export class PassiveMesh implements MeshMode {
  readonly passive = true;
  readonly #parts: ModeParts;
  readonly #idle: IdleConnections;
  readonly #finder: RouteFinder;
  readonly #probes = new Map<PeerId, Promise<void>>();
  readonly #rtts = new Map<PeerId, RttTrack>();

  /** @param table what is known from the time before */
  constructor(parts: ModeParts, table: RoutingTable = EMPTY_TABLE) {
    this.#parts = parts;
    const { network, clock, random, logger } = parts;
    this.#idle = new IdleConnections((peer) => {
      // It may be needed no more after a while, like any other.
      if (parts.isCarrier(peer)) this.#idle.hold(peer)();
      else network.disconnect(peer, new Error("Nothing was asked of this peer for a while"));
    });
    this.#finder = new RouteFinder({
      clock,
      random,
      logger,
      stored: parts.stored,
      table,
      isHearsay: (peer) => !network.isActive(peer),
      ask: (peer, question, signal) => this.#ask(peer, question, signal),
      drop: (peer, reason) => network.disconnect(peer, reason),
      changed: () => this.#onTable(),
    });
  }

  start(): void {
    this.#finder.start();
  }

  members(): readonly Announcement[] {
    return [];
  }

  /** Of the nodes that were asked for the table. */
  rttMs(peer: PeerId): number | undefined {
    return this.#rtts.get(peer)?.bucketMs;
  }

  measuredRttMs(peer: PeerId): number | undefined {
    return measuredMs(this.#rtts.get(peer) ?? UNMEASURED);
  }

  routes(): RoutingTable {
    return this.#finder.table;
  }

  refreshRoutes(options: RefreshOptions): Promise<RoutingTable> {
    return this.#finder.refresh(options);
  }

  /** It can't know more than it was told. */
  tellRoutes(): Promise<RoutingTable> {
    return Promise.resolve(this.routes());
  }

  /** A passive node announces nothing. */
  announce(): void {}

  watchClosely(): void {}

  /** A peer that does not answer one probe is dropped, with all streams to it, however many doubt it. */
  suspect(peer: PeerId): void {
    if (this.#probes.has(peer) || !this.#parts.network.isConnected(peer)) return;
    const probe = this.#finder.ask(peer, this.#parts.config.timings.probeMs)
      .then(() => undefined, () => undefined)
      .finally(() => this.#probes.delete(peer));
    this.#probes.set(peer, probe);
  }

  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<ByteStream> {
    const release = this.#idle.hold(peer);
    try {
      const addresses = this.addressesOf(peer);
      const stream = await this.#parts.network.open(protocol, { ...options, peer, addresses });
      stream.ended.then(release);
      this.#freshen();
      return stream;
    } catch (error) {
      release();
      if (!options.signal?.aborted) this.suspect(peer);
      throw error;
    }
  }

  admitted(): void {}

  closed(): void {}

  superseded(): void {}

  // deno-lint-ignore require-await -- as a rejection, like everything that is wrong with a stream
  async gossip(stream: NetworkStream): Promise<void> {
    stream.reset(new Error("This node does not gossip"));
  }

  async finish(): Promise<void> {
    this.#idle.stop();
    await this.#finder.stop();
    await Promise.all(this.#probes.values());
  }

  addressesOf(peer: PeerId): readonly string[] {
    const nearby = this.#parts.nearby(peer);
    return [...new Set([...nearby, ...this.#finder.addressesOf(peer)])];
  }

  /** The next request for the table goes there, if it has to. */
  found(): void {}

  knownMembers(): readonly PresentPeer[] {
    return [];
  }

  /** It knows no members by their chains: it hears of those that are left with the next table. */
  forget(): readonly PeerId[] {
    return [];
  }

  relaysChanged(): void {}

  renewed(): void {}

  livingPeers(): readonly PeerId[] {
    return this.#finder.table.nodes.map(({ peer }) => peer);
  }

  async #ask(
    peer: PeerId,
    { known, ...wanting }: RoutesQuestion,
    signal: AbortSignal,
  ): Promise<RoutingTable> {
    const isStandby = this.#parts.role === "member";
    const release = this.#idle.hold(peer, isStandby ? REFRESH_IDLE_MS : CLIENT_IDLE_MS);
    try {
      const stream = await this.#openRoutes(peer, signal);
      const onAbort = () => stream.reset(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await askRoutes(stream, known, wanting);
      } finally {
        signal.removeEventListener("abort", onAbort);
        await stream.release();
      }
    } finally {
      release();
    }
  }

  /** On a connection that is there already it takes a round trip. */
  async #openRoutes(peer: PeerId, signal: AbortSignal): Promise<NetworkStream> {
    const { network, clock } = this.#parts;
    const isRoundTrip = network.isConnected(peer);
    const startedMs = clock.elapsed();
    const addresses = this.addressesOf(peer);
    const stream = await network.open(ROUTES_PROTOCOL, { peer, addresses, signal });
    const rttMs = clock.elapsed() - startedMs;
    if (isRoundTrip) this.#rtts.set(peer, addSample(this.#rtts.get(peer) ?? UNMEASURED, rttMs));
    return stream;
  }

  /** A passive node hears of changes when it is used: a table that has aged is asked for again behind the use. */
  #freshen(): void {
    // Nobody answers: the old table goes on being used, and the next use asks again.
    this.#finder.refresh({}).catch(() => undefined);
  }

  #onTable(): void {
    const living = this.livingPeers();
    for (const peer of this.#rtts.keys()) if (!living.includes(peer)) this.#rtts.delete(peer);
    this.#parts.remember(living, (peer) => this.addressesOf(peer));
    this.#parts.emit({ type: "routes" });
  }
}
