import { raceSignal } from "../base/race_signal.ts";
import { Deadline } from "../base/deadline.ts";
import { ROUTE_REQUEST_TIMEOUT_MS, TELL_PATIENCE_MS } from "./base/defaults.ts";
import type { PeerId } from "./base/peer_id.ts";
import type { RefreshOptions } from "./base/mesh.ts";
import type { RoutingTable } from "./base/table.ts";
import type { MeshView } from "./gossip/mesh_view.ts";
import type { PeerConnection } from "./link/network.ts";
import type { ModeParts } from "./mesh_mode.ts";
import { FirstTable } from "./routes/first_table.ts";
import { askRoutes, ROUTES_PROTOCOL } from "./routes/routes.ts";
import { buildRoutingTable, EMPTY_TABLE } from "./routes/routing_table.ts";

export interface ActiveRoutesParts
  extends Pick<ModeParts, "self" | "clock" | "network" | "logger" | "stored" | "remember"> {
  /** The view of the members, once there is one. */
  readonly view: () => MeshView;
  /** The table may be another. */
  readonly changed: () => void;
}

/** The routing table of a node in the gossip: of its own view, and of a peer's whole table until that is complete. */
export class ActiveRoutes {
  readonly #parts: ActiveRoutesParts;
  readonly #first: FirstTable;
  readonly #ending = new AbortController();
  #table: RoutingTable | undefined;

  /** @param earlier the table from the time before */
  constructor(parts: ActiveRoutesParts, earlier: RoutingTable) {
    this.#parts = parts;
    const told = earlier.nodes.map(({ peer }) => peer).filter((peer) => peer !== parts.self);
    this.#first = new FirstTable({
      clock: parts.clock,
      strangers: [...parts.stored().keys(), ...told],
      earlier,
      changed: () => {
        this.outdated();
        if (!this.#ending.signal.aborted) parts.changed();
      },
    });
  }

  get table(): RoutingTable {
    this.#table ??= this.#build();
    return this.#table;
  }

  /** The view has changed. */
  outdated(): void {
    this.#table = undefined;
  }

  /** A node that has just joined waits for the others' records. */
  async refresh({ signal }: RefreshOptions): Promise<RoutingTable> {
    const { answers } = this.#first;
    await (signal === undefined ? answers : raceSignal(answers, signal));
    return this.table;
  }

  /** A peer that asks while this node has just joined may get more by waiting for a moment. */
  async tell(): Promise<RoutingTable> {
    using deadline = Deadline.forStep(TELL_PATIENCE_MS, "Knowing the mesh");
    return await this.refresh(deadline).catch(() => this.table);
  }

  /** The addresses of a peer that only the table from before, or of others, knows. */
  addressesOf(peer: PeerId): readonly string[] {
    return this.#first.table.nodes.find((node) => node.peer === peer)?.addresses ?? [];
  }

  /** The dial to the peer failed, or it knows nothing. */
  missed(peer: PeerId): void {
    this.#first.missed(peer);
  }

  /** A member that is here already knows the mesh: its table is whole before the gossip is. */
  async askFirst(connection: PeerConnection): Promise<void> {
    if (!this.#first.isPartial) return;
    try {
      this.#first.told(connection.peer, await this.#ask(connection));
    } catch (error) {
      this.#first.missed(connection.peer);
      const { peer } = connection;
      this.#parts.logger.debug("{peer} does not send its routing table: {error}", { peer, error });
    }
  }

  /** A peer outside the gossip is of use to a node that knows nobody else: it knows the others. */
  async learnFrom(connection: PeerConnection): Promise<void> {
    const { network, remember, logger } = this.#parts;
    try {
      if (network.connectedMembers().size === 0) {
        const { nodes } = await this.#ask(connection);
        const addresses = new Map(nodes.map((node) => [node.peer, node.addresses]));
        remember([...addresses.keys()], (peer) => addresses.get(peer) ?? []);
      }
    } catch (error) {
      logger.debug("{peer} is outside the gossip, and lists no other node: {error}", {
        peer: connection.peer,
        error,
      });
    }
    this.#first.missed(connection.peer);
  }

  /** The membership of some nodes is over. */
  forget(peers: readonly PeerId[]): void {
    this.#first.forget(new Set(peers));
    this.outdated();
  }

  stop(): void {
    this.#ending.abort(new Error("This node does not gossip any more"));
    this.#first.stop();
  }

  #build(): RoutingTable {
    const { self, network } = this.#parts;
    const view = this.#parts.view();
    const { own, members, lost } = view;
    const { table: earlier, isPartial: partial } = this.#first;
    const isKnown = (peer: PeerId) => peer === self || view.hasHeardOf(peer);
    const everybody = own === undefined ? members : [...members, own];
    const isConnected = (peer: PeerId) => network.isConnected(peer);
    const context = { lost, earlier, isKnown, partial, self, isConnected };
    return buildRoutingTable(everybody, context);
  }

  async #ask(connection: PeerConnection): Promise<RoutingTable> {
    const { signal: stopped } = this.#ending;
    using deadline = Deadline.forStep(ROUTE_REQUEST_TIMEOUT_MS, "Asking for routes", stopped);
    const stream = await connection.openStream(ROUTES_PROTOCOL, deadline.signal);
    return await raceSignal(askRoutes(stream, EMPTY_TABLE), deadline.signal)
      .finally(() => stream.release());
  }
}
