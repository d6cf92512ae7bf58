import type { Cancel, Clock } from "../base/clock.ts";
import { FIRST_ANSWERS_MS, FIRST_TABLE_LIFE_MS } from "../base/defaults.ts";
import { EMPTY_TABLE, withoutNodes } from "./routing_table.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { RoutingTable } from "../base/table.ts";

export interface FirstTableOptions {
  readonly clock: Pick<Clock, "after">;
  /** Peers of the token and of the last time. */
  readonly strangers: Iterable<PeerId>;
  /** The table from the time before. */
  readonly earlier: RoutingTable;
  /** Its description of the mesh has changed. */
  readonly changed: () => void;
}

/**
 * The table that a member uses from its joining on until its own view is whole. Gossip brings one node after the other,
 * and never says that this was all; but peers that are here already have the whole routing table, and are asked for it.
 */
export class FirstTable {
  readonly #options: FirstTableOptions;
  readonly #strangers: Set<PeerId>;
  readonly #answers = Promise.withResolvers<void>();
  readonly #cancelWait: Cancel;
  #cancelLife: Cancel = () => {};
  #table: RoutingTable;
  #isPartial: boolean;
  /** Somebody has answered, though it knows no more than this node. */
  #hasMet = false;
  #hasMissed = false;
  #hasStopped = false;

  constructor(options: FirstTableOptions) {
    this.#options = options;
    this.#strangers = new Set(options.strangers);
    this.#table = options.earlier;
    this.#isPartial = this.#strangers.size > 0;
    this.#cancelWait = options.clock.after(FIRST_ANSWERS_MS, () => this.#answers.resolve());
    if (this.#isPartial) this.#live();
    else this.#answers.resolve();
  }

  /** More may be served in the mesh than this node knows of. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  /** The table that others have sent, or the one from before; it lists no node that gossip has reported. */
  get table(): RoutingTable {
    return this.#table;
  }

  /** Resolves once a peer has sent the whole table, or waiting for it no longer helps. */
  get answers(): Promise<void> {
    return this.#answers.promise;
  }

  /** The peer knows this much of the mesh. */
  told(peer: PeerId, table: RoutingTable): void {
    if (!this.#isPartial || this.#hasStopped) return;
    this.#hasMet = true;
    if (!table.partial) return this.#whole(table);
    if (this.#table.nodes.length === 0) this.#table = table;
    this.#live();
    this.#answered(peer);
    this.#options.changed();
  }

  /** The peer can't be asked. */
  missed(peer: PeerId): void {
    if (!this.#isPartial || this.#hasStopped) return;
    this.#hasMissed = true;
    this.#answered(peer);
  }

  /** The membership of some nodes is over: gossip says nothing of them any more, so the table must not either. */
  forget(peers: ReadonlySet<PeerId>): void {
    this.#table = withoutNodes(this.#table, (peer) => peers.has(peer));
  }

  /** An answer that comes in the turn of the stop changes nothing any more. */
  stop(): void {
    this.#hasStopped = true;
    this.#cancelWait();
    this.#cancelLife();
    this.#answers.resolve();
  }

  #answered(peer: PeerId): void {
    this.#strangers.delete(peer);
    if (this.#strangers.size > 0) return;
    this.#answers.resolve();
    // All were asked, and nobody knows more: the mesh is just starting.
    if (this.#hasMet && !this.#hasMissed) this.#whole(this.#table);
  }

  #whole(table: RoutingTable): void {
    this.#isPartial = false;
    this.#table = table;
    this.#answers.resolve();
    this.#live();
    this.#options.changed();
  }

  /** A node that gossip has not reported after so long is not there. */
  #live(): void {
    const { clock, changed } = this.#options;
    this.#cancelLife();
    this.#cancelLife = clock.after(FIRST_TABLE_LIFE_MS, () => {
      this.#table = EMPTY_TABLE;
      if (this.#hasMet) this.#isPartial = false;
      changed();
    });
  }
}
