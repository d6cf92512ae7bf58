import type { Logger } from "@logtape/logtape";
import { dialOrder } from "./addresses.ts";
import type { Clock } from "./clock.ts";
import { Deadline } from "./deadline.ts";
import { CONNECT_TIMEOUT_MS, DIALS_BEFORE_DEAD } from "./defaults.ts";
import { dialTargets } from "./dial_targets.ts";
import { Dialer, type DialTarget } from "./dialer.ts";
import type { MemberChange } from "./membership.ts";
import { MeshView, type MeshViewOptions } from "./mesh_view.ts";
import type { PeerId } from "./types.ts";

export interface MemberOptions extends Omit<MeshViewOptions, "addressesOf"> {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Peers of the token and of the last time, to start from. */
  stored(): ReadonlyMap<PeerId, readonly string[]>;
}

/** A connection to a member, as far as membership cares. */
export interface MemberConnection {
  readonly peer: PeerId;
  readonly direction: "inbound" | "outbound";
  /** Of an outbound one: where the peer can be dialled again. */
  readonly remoteAddress: string;
}

/**
 * What a member does to know who is in the mesh: it dials, listens and decides who is alive. Time,
 * chance, connections and signatures come from outside, so that the simulator runs it as it is.
 */
export class Member {
  readonly view: MeshView;
  readonly #options: MemberOptions;
  readonly #dialer: Dialer;
  readonly #lastGood = new Map<PeerId, string>();

  constructor(options: MemberOptions) {
    const { clock, random } = options;
    this.#options = options;
    this.view = new MeshView({
      ...options,
      addressesOf: (peer) => this.addressesOf(peer),
      changed: (changes) => this.#onChanged(changes),
    });
    this.#dialer = new Dialer({
      targets: () => this.#dialTargets(),
      dial: (target, signal) => this.#dial(target, signal),
      failed: (target, failures, error) => this.#onDialFailed(target, failures, error as Error),
    }, { clock, random });
  }

  /** Begins to dial. */
  start(): void {
    this.#dialer.wake();
  }

  /** Where a peer can be dialled, the best first. */
  addressesOf(peer: PeerId): readonly string[] {
    const known = this.view.announcementOf(peer)?.addresses ?? this.#options.stored().get(peer) ??
      [];
    const lastGood = this.#lastGood.get(peer);
    return dialOrder(lastGood === undefined ? known : [lastGood, ...known], lastGood);
  }

  /** A member's connection has been admitted. */
  connected({ peer, direction, remoteAddress }: MemberConnection): void {
    if (direction === "outbound") this.#lastGood.set(peer, remoteAddress);
    this.view.connected(peer);
  }

  /** A member's connection has closed. */
  disconnected(peer: PeerId): void {
    this.view.disconnected(peer);
    if (this.#options.links.connectedMembers().size === 0) {
      this.#options.stored().forEach((_, stored) => this.#dialer.forget(stored));
    }
    this.#dialer.wake();
  }

  /** Says goodbye and waits until it was heard. */
  async finish(): Promise<void> {
    await Promise.all([this.view.finish(), this.#dialer.stop()]);
  }

  #onChanged(changes: readonly MemberChange[]): void {
    for (const { record, change } of changes) {
      if (change !== "updated") this.#dialer.forget(record.subject);
    }
    this.#options.changed(changes);
    if (changes.length > 0) this.#dialer.wake();
  }

  #dialTargets(): readonly DialTarget[] {
    return dialTargets({
      self: this.#options.self,
      members: this.view.members,
      connected: this.#options.links.connectedMembers(),
      left: this.view.left,
      stored: this.#options.stored(),
      lastGood: this.#lastGood,
    });
  }

  async #dial({ peer, addresses }: DialTarget, signal: AbortSignal): Promise<void> {
    const { clock, links } = this.#options;
    using deadline = new Deadline(CONNECT_TIMEOUT_MS, `Joining ${peer}`, signal, clock);
    await links.connect({ peer, addresses, signal: deadline.signal });
  }

  #onDialFailed({ peer, addresses }: DialTarget, failures: number, error: Error): void {
    const { logger, links } = this.#options;
    const isMember = this.view.announcementOf(peer) !== undefined;
    if (isMember && failures >= DIALS_BEFORE_DEAD) this.view.giveUp(peer, error.message);
    const alone = links.connectedMembers().size === 0;
    const level = alone && !isMember && failures === 1 ? "warn" : "debug";
    logger[level]("{reason}; it is tried again", {
      event: "unreachable",
      reason: error.message,
      peer,
      tried: addresses,
    });
  }
}
