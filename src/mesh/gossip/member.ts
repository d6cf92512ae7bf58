import type { Logger } from "@logtape/logtape";
import { dialOrder, parseAddress } from "../base/addresses.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import {
  CONNECT_TIMEOUT_MS,
  DIAL_THOUGHT_MS,
  DIALS_BEFORE_DEAD,
  GOSSIP_ROUND_MS,
  LOST_TURN_MS,
  ROUNDS_TO_TIDY,
} from "../base/defaults.ts";
import { Contacts } from "./contacts.ts";
import { dialTargets } from "./dial_targets.ts";
import { Dialer, type DialTarget } from "./dialer.ts";
import type { MemberChange } from "./membership.ts";
import { MeshView, type MeshViewOptions } from "./mesh_view.ts";
import { Needs } from "./needs.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface MemberOptions extends Omit<MeshViewOptions, "addressesOf" | "contacts"> {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Peers of the token and of the last time, to start from. */
  stored(): ReadonlyMap<PeerId, readonly string[]>;
  /** Addresses at which a peer was heard on the local network: the best of all, as long as it is there. */
  nearby?(peer: PeerId): readonly string[];
  /** A dial to a peer failed. */
  unreachable?(peer: PeerId): void;
}

/** A connection to a member, as far as membership cares. */
export interface MemberConnection {
  readonly peer: PeerId;
  readonly direction: "inbound" | "outbound";
  /** Of an outbound one: where the peer can be dialled again. */
  readonly remoteAddress: string;
}

/**
 * The work of a member to know the mesh: it dials, listens and decides which members are alive. Time, chance,
 * connections and signatures come from outside, so that the simulator runs it as it is.
 */
export class Member {
  readonly view: MeshView;
  readonly #options: MemberOptions;
  readonly #dialer: Dialer;
  readonly #needs: Needs;
  readonly #contacts = new Contacts();
  /** Chosen once, so that nodes that lost each other do not ask in the same order. */
  readonly #firstTurn: number;
  #lastTurn = 0;
  #rounds = 0;
  #cancelRound: Cancel = () => {};
  #cancelThought: Cancel | undefined;

  constructor(options: MemberOptions) {
    const { clock, random } = options;
    this.#options = options;
    this.#firstTurn = Math.floor(random() * 1_000);
    this.#needs = new Needs(options.self);
    this.view = new MeshView({
      ...options,
      contacts: this.#contacts,
      addressesOf: (peer) => this.addressesOf(peer),
      changed: (changes) => this.#onChanged(changes),
      waits: () => this.#thinkSoon(),
    });
    this.#dialer = new Dialer({
      targets: () => this.#dialTargets(),
      dial: (target, signal) => this.#dial(target, signal),
      failed: (target, failures, error) => this.#onDialFailed(target, failures, error as Error),
      broke: (error) => options.logger.error("A dial broke: {error}", { error }),
    }, { clock, random });
  }

  /** Begins to dial, and to compare with others round by round. */
  start(): void {
    this.#dialer.wake();
    this.#nextRound();
  }

  watchClosely(peers: readonly PeerId[]): void {
    this.view.watchClosely(peers);
    if (this.#needs.close(peers)) this.#thinkSoon();
  }

  /** The addresses at which a peer can be dialled, the best first. */
  addressesOf(peer: PeerId): readonly string[] {
    const { stored, nearby } = this.#options;
    const told = this.view.lastOf(peer)?.addresses ?? stored().get(peer) ?? [];
    const known = [...nearby?.(peer) ?? [], ...told];
    const lastGood = this.#contacts.find(peer)?.lastGood;
    return dialOrder(lastGood === undefined ? known : [lastGood, ...known], lastGood);
  }

  /** Peers were heard on the local network: past failures say nothing about the address that they have there. */
  found(peers: readonly PeerId[]): void {
    for (const peer of peers) this.#dialer.forget(peer);
    this.#dialer.wake();
  }

  /** A member's connection has been admitted. */
  connected({ peer, direction, remoteAddress }: MemberConnection): void {
    // One that came by a pipe has no address that can be dialled again.
    const isDialable = direction === "outbound" && parseAddress(remoteAddress) !== undefined;
    if (isDialable) this.#contacts.of(peer).lastGood = remoteAddress;
    this.view.connected(peer, direction);
  }

  /** A member's connection has closed. */
  disconnected(peer: PeerId): void {
    this.view.disconnected(peer);
    if (this.#options.links.connectedMembers().size === 0) {
      this.#options.stored().forEach((_, stored) => this.#dialer.forget(stored));
    }
    this.#dialer.wake();
  }

  /** A member that was dialled is passive: stop dialling it; the record that calls it active is stale. */
  standsBy(peer: PeerId): void {
    this.#contacts.of(peer).standsBy = true;
    this.view.giveUp(peer, "it is free and has left the gossip");
    this.#dialer.wake();
  }

  /** Says goodbye and waits until it was heard. */
  async finish(): Promise<void> {
    this.#cancelRound();
    this.#cancelThought?.();
    this.#cancelThought = () => {};
    await Promise.all([this.view.finish(), this.#dialer.stop()]);
  }

  #onChanged(changes: readonly MemberChange[]): void {
    const moved = changes.filter(({ change }) => change !== "updated" && change !== "measured");
    for (const { record: { subject } } of moved) {
      this.#dialer.forget(subject);
      this.#contacts.update(subject, { standsBy: false });
    }
    this.#options.changed(changes);
    if (moved.length > 0) this.#thinkSoon();
  }

  #thinkSoon(): void {
    this.#cancelThought ??= this.#options.clock.after(DIAL_THOUGHT_MS, () => {
      this.#cancelThought = undefined;
      this.#dialer.wake();
    });
  }

  #nextRound(): void {
    const { clock, random } = this.#options;
    // Spread, so that a mesh that starts at once does not compare in step.
    this.#cancelRound = clock.after(GOSSIP_ROUND_MS * (0.75 + random() / 2), () => this.#round());
  }

  /** One that fails is not the last. */
  #round(): void {
    try {
      this.view.round();
      this.#rounds += 1;
      if (this.#rounds % ROUNDS_TO_TIDY === 0) this.#tidy();
      const turn = this.#turn();
      if (turn !== this.#lastTurn) this.#dialer.wake();
      this.#lastTurn = turn;
    } finally {
      this.#nextRound();
    }
  }

  /** The turn of this member in dialling the lost. */
  #turn(): number {
    return this.#firstTurn + Math.floor(this.#options.clock.elapsed() / LOST_TURN_MS);
  }

  #tidy(): void {
    const { clock, links, stored } = this.#options;
    this.view.forget();
    this.#contacts.forgetOthers({
      isHere: (peer) => this.view.hasHeardOf(peer) || links.isConnected(peer),
      isStored: (peer) => stored().has(peer),
    });
    const connected = links.connectedMembers();
    const spare = this.#needs.unneeded(connected, this.view.members, clock.elapsed());
    for (const peer of spare) if (links.isIdle(peer)) this.view.part(peer);
  }

  #dialTargets(): readonly DialTarget[] {
    const { self, links, stored } = this.#options;
    const { members, lost } = this.view;
    const connected = links.connectedMembers();
    // A node without any connection asks passive peers all the same: they know the others.
    const isDialled = (peer: PeerId) =>
      connected.size === 0 || !this.#contacts.find(peer)?.standsBy;
    return dialTargets({
      self,
      members: members.length,
      wanted: new Set([...this.#needs.wanted(members), ...this.view.toMeet()]),
      connected,
      strangers: [...stored().keys()].filter((peer) => !this.view.isAlive(peer) && isDialled(peer)),
      lost: lost.map(({ peer }) => peer).filter(isDialled),
      left: this.view.left,
      turn: this.#turn(),
    });
  }

  async #dial({ peer }: DialTarget, signal: AbortSignal): Promise<void> {
    const { clock, links } = this.#options;
    const addresses = this.addressesOf(peer);
    using deadline = Deadline.forStep(CONNECT_TIMEOUT_MS, `Joining ${peer}`, signal, clock);
    await links.connect({ peer, addresses, signal: deadline.signal });
  }

  #onDialFailed({ peer }: DialTarget, failures: number, error: Error): void {
    const { logger, links } = this.#options;
    this.#options.unreachable?.(peer);
    const isMember = this.view.announcementOf(peer) !== undefined;
    if (failures >= DIALS_BEFORE_DEAD) this.view.giveUp(peer, error.message);
    const alone = links.connectedMembers().size === 0;
    const level = alone && !isMember && failures === 1 ? "warn" : "debug";
    logger[level]("{reason}; it is tried again", {
      event: "unreachable",
      reason: error.message,
      peer,
      tried: this.addressesOf(peer),
    });
  }
}
