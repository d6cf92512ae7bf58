import { isIPv6 } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { PeerId } from "../base/peer_id.ts";
import { AskBudget } from "./ask_budget.ts";
import { mayBeAsked } from "./candidates.ts";
import { MAX_ENDS_OF_PEER } from "./defaults.ts";
import { ProbeSession } from "./probe_session.ts";
import { isProbe, tagOf } from "./probe_wire.ts";
import type { UdpEnd } from "./udp_end.ts";
import type { UdpSocket, UdpStack } from "./udp_socket.ts";

export interface DirectSocketOptions {
  readonly stack: UdpStack;
  readonly self: PeerId;
  /** Of IPv4, and of IPv6 if that can be had there; 0 is any free one. */
  readonly port: number;
  readonly clock: Pick<Clock, "elapsed">;
  /** Whether an address may be asked at all. @default `mayBeAsked` */
  readonly mayAsk?: (end: UdpEnd) => boolean;
}

/** One peer hears of what concerns it. */
export interface DirectEvents {
  /** The peer asks from there. */
  heard(from: UdpEnd): void;
  /** It was asked there, is there, and sees this node at `seen`. */
  answered(from: UdpEnd, rttMs: number, seen: UdpEnd): void;
  /** Only valid during the call. */
  datagram(datagram: Uint8Array): void;
}

/** The socket as one peer uses it. */
export interface DirectPeer {
  /** Asks whether the peer is there, if that may be asked and one that has never answered is within the budget. */
  ask(end: UdpEnd, isProven: boolean): void;
  send(datagram: Uint8Array, to: UdpEnd): void;
  /** Safe to call twice. */
  close(): void;
}

interface Known {
  readonly peer: PeerId;
  readonly session: ProbeSession;
  readonly events: DirectEvents;
  /** Ends from which its datagrams are taken, those heard last at the end; true where it has answered. */
  readonly ends: Map<string, boolean>;
}

/**
 * The one UDP socket of a node that all of its peers meet. Datagrams of QUIC and probes come to it side by side: a probe
 * names its sender by a tag, and a datagram of QUIC is of the peer that was heard at its address.
 */
export class DirectSocket {
  readonly port: number;
  readonly #options: DirectSocketOptions;
  readonly #v4: UdpSocket;
  readonly #v6: UdpSocket | undefined;
  readonly #budget = new AskBudget();
  readonly #byTag = new Map<string, Known>();
  readonly #byEnd = new Map<string, Known>();

  /** @throws where the port can't be had. */
  constructor(options: DirectSocketOptions) {
    this.#options = options;
    const { stack, port } = options;
    this.#v4 = stack.bind("0.0.0.0", port);
    this.port = this.#v4.port;
    this.#v6 = bindIPv6(stack, this.port);
    for (const socket of [this.#v4, this.#v6]) {
      if (socket !== undefined) socket.onDatagram = (datagram, from) => this.#take(datagram, from);
    }
  }

  /** Whether an address may be asked at all, whoever names it. */
  mayAsk(end: UdpEnd): boolean {
    return (this.#options.mayAsk ?? mayBeAsked)(end);
  }

  /** @param secret 32 random bytes that both have agreed on in a connection of theirs */
  open(peer: PeerId, secret: Uint8Array, events: DirectEvents): DirectPeer {
    const session = new ProbeSession(secret, { self: this.#options.self, peer });
    const known: Known = { peer, session, events, ends: new Map() };
    this.#byTag.set(session.tag, known);
    return {
      ask: (end, isProven) => this.#ask(known, end, isProven),
      send: (datagram, to) => this.#send(datagram, to),
      close: () => this.#forget(known),
    };
  }

  close(): void {
    this.#v4.close();
    this.#v6?.close();
    this.#byTag.clear();
    this.#byEnd.clear();
  }

  #ask({ peer, session }: Known, end: UdpEnd, isProven: boolean): void {
    const now = this.#options.clock.elapsed();
    if (!this.mayAsk(end) || !(isProven || this.#budget.allows(peer, end, now))) return;
    this.#send(session.ask(end, now), end);
  }

  #send(datagram: Uint8Array, to: UdpEnd): void {
    const socket = isIPv6(to.ip) ? this.#v6 : this.#v4;
    socket?.send(datagram, to);
  }

  #take(datagram: Uint8Array, from: UdpEnd): void {
    if (isProbe(datagram)) this.#takeProbe(datagram, from);
    else this.#byEnd.get(from.key)?.events.datagram(datagram);
  }

  /** One of nobody that is known costs a look into a table, and no answer goes where nobody may be asked: it may be forged. */
  #takeProbe(bytes: Uint8Array, from: UdpEnd): void {
    if (!this.mayAsk(from)) return;
    const known = this.#byTag.get(tagOf(bytes));
    const probed = known?.session.receive(bytes, from, this.#options.clock.elapsed());
    if (known === undefined || probed === undefined) return;
    this.#place(known, from, probed.kind === "answered");
    if (probed.kind === "answered") {
      return known.events.answered(from, probed.rttMs, probed.seen);
    }
    this.#send(probed.answer, from);
    known.events.heard(from);
  }

  /** An address may be forged in a question, but nobody answers from one: the place of a peer that did is kept for it. */
  #place(known: Known, { key }: UdpEnd, hasAnswered: boolean): void {
    const holder = this.#byEnd.get(key);
    if (holder !== undefined && holder !== known) {
      if (!hasAnswered && holder.ends.get(key) === true) return;
      holder.ends.delete(key);
    }
    const before = known.ends.get(key) ?? false;
    known.ends.delete(key);
    known.ends.set(key, before || hasAnswered);
    this.#byEnd.set(key, known);
    if (known.ends.size > MAX_ENDS_OF_PEER) this.#unplace(known, known.ends.keys().next().value!);
  }

  #unplace(known: Known, key: string): void {
    known.ends.delete(key);
    if (this.#byEnd.get(key) === known) this.#byEnd.delete(key);
  }

  #forget(known: Known): void {
    if (this.#byTag.get(known.session.tag) === known) this.#byTag.delete(known.session.tag);
    for (const key of [...known.ends.keys()]) this.#unplace(known, key);
  }
}

/** Machines without IPv6 do without. */
function bindIPv6(stack: UdpStack, port: number): UdpSocket | undefined {
  try {
    return stack.bind("::", port);
  } catch {
    return undefined;
  }
}
