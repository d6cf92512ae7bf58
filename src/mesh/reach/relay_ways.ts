import type { Cancel, Clock } from "../base/clock.ts";
import type { DatagramPath } from "../base/datagram_path.ts";
import type { PeerId } from "../base/peer_id.ts";
import { MAX_RELAY_WAYS, RELAY_LINGER_MS } from "./defaults.ts";

/** A way over a member. */
export interface RelayWay {
  readonly by: PeerId;
  readonly path: DatagramPath;
}

export interface RelayWaysOptions {
  /** Of the two ends one decides which way stays, or each would close the one that the other keeps. */
  readonly decides: boolean;
  readonly clock: Pick<Clock, "after">;
}

/**
 * The ways over members to one peer, of which the last that was opened or heard carries. Both ends may open one at once, and see
 * them in different orders: each hears all of them, and only the end that decides closes those that it does not use.
 */
export class RelayWays implements DatagramPath {
  onDatagram: DatagramPath["onDatagram"];
  readonly #options: RelayWaysOptions;
  /** The one in use is the last. */
  #ways: readonly RelayWay[];
  #by: PeerId;
  #cancel: Cancel = () => {};

  constructor(first: RelayWay, options: RelayWaysOptions) {
    this.#options = options;
    this.#ways = [first];
    this.#by = first.by;
    this.#listen(first);
  }

  /** The member that carries, or did last. */
  get by(): PeerId {
    return this.#by;
  }

  send(datagram: Uint8Array): void {
    this.#ways.at(-1)?.path.send(datagram);
  }

  /** One that either end has opened is used from now on; datagrams that are on their way over another still arrive. */
  add(way: RelayWay): void {
    const { decides, clock } = this.#options;
    this.#listen(way);
    this.#use(way);
    while (this.#ways.length > MAX_RELAY_WAYS) this.#end(this.#ways[0]!);
    if (!decides) return;
    this.#cancel();
    this.#cancel = clock.after(RELAY_LINGER_MS, () => {
      for (const old of this.#ways.slice(0, -1)) this.#end(old);
    });
  }

  /** A way has ended. @returns whether none is left because of that. */
  lost(path: DatagramPath): boolean {
    const way = this.#ways.find((one) => one.path === path);
    if (way === undefined) return false;
    this.#end(way);
    return this.#ways.length === 0;
  }

  close(): void {
    this.#cancel();
    for (const way of this.#ways) this.#end(way);
  }

  #listen(way: RelayWay): void {
    way.path.onDatagram = (datagram) => {
      if (!this.#options.decides && way !== this.#ways.at(-1)) this.#use(way);
      this.onDatagram?.(datagram);
    };
  }

  #use(way: RelayWay): void {
    this.#ways = [...this.#ways.filter((one) => one !== way), way];
    this.#by = way.by;
  }

  #end(way: RelayWay): void {
    this.#ways = this.#ways.filter((one) => one !== way);
    this.#by = this.#ways.at(-1)?.by ?? way.by;
    way.path.onDatagram = undefined;
    way.path.close();
  }
}
