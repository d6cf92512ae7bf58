/** Two nodes behind routers of any kind, in virtual time: how a router maps, what it lets in, and whether it turns around. */

import {
  answered,
  heard,
  moved,
  type PathState,
  RELAYED,
  step,
  told,
} from "../../../src/mesh/reach/path_choice.ts";
import { type UdpEnd, udpEnd } from "../../../src/mesh/reach/mod.ts";
import type { VirtualTime } from "../../simulator/virtual_time.ts";

export interface RouterKind {
  /** One port for all, or a new one for each address and port (RFC 4787, 4.1). */
  readonly mapping: "same" | "each";
  /** Those who may answer on a mapping: anybody, the address, or the address and port that was sent to (RFC 4787, 5). */
  readonly filter: "open" | "address" | "port";
  /** A datagram for its own outer address comes back in (RFC 4787, 6). */
  readonly hairpin: boolean;
  /** A port of it leads to the node. */
  readonly mapped: boolean;
}

/** A datagram with what a probe carries, or data. */
interface Packet {
  readonly kind: "ask" | "answer";
  readonly sender: Node;
  readonly id: number;
}

const RELAY = udpEnd("203.0.113.5", 45_000);
export const NODE_PORT = 45_001;
const MAPPED_PORT = 47_001;

interface Mapping {
  readonly port: number;
  readonly inner: Node;
  readonly sentTo: Set<string>;
  readonly sentToHosts: Set<string>;
}

/** One router with its network; all nodes of it reach each other. */
export class Site {
  readonly #mappings = new Map<string, Mapping>();
  readonly #nodes = new Set<Node>();
  #nextPort = 20_000;

  /** @param isolates nodes of it from each other, as networks for guests do: they meet outside of it if at all */
  constructor(readonly ip: string, readonly kind: RouterKind, readonly isolates = false) {}

  join(node: Node): void {
    this.#nodes.add(node);
  }

  leave(node: Node): void {
    this.#nodes.delete(node);
    for (const [key, { inner }] of this.#mappings) if (inner === node) this.#mappings.delete(key);
  }

  inside(ip: string): Node | undefined {
    return this.isolates ? undefined : [...this.#nodes].find((node) => node.ip === ip);
  }

  /** The outer end that a datagram of a node leaves with. */
  outward(node: Node, to: UdpEnd): UdpEnd {
    const key = `${node.ip} ${this.kind.mapping === "same" ? "" : to.key}`;
    const port = this.kind.mapped ? MAPPED_PORT : this.#nextPort++;
    const mapping = this.#mappings.get(key) ??
      { port, inner: node, sentTo: new Set<string>(), sentToHosts: new Set<string>() };
    this.#mappings.set(key, mapping);
    mapping.sentTo.add(to.key);
    mapping.sentToHosts.add(to.ip);
    return udpEnd(this.ip, mapping.port);
  }

  /** The node that a datagram from outside reaches. */
  inward(from: UdpEnd, port: number): Node | undefined {
    if (this.kind.mapped && port === MAPPED_PORT) return [...this.#nodes][0];
    const mapping = [...this.#mappings.values()].find((one) => one.port === port);
    if (mapping === undefined) return undefined;
    const { filter } = this.kind;
    const isLetIn = filter === "open" ||
      (filter === "address" ? mapping.sentToHosts.has(from.ip) : mapping.sentTo.has(from.key));
    return isLetIn ? mapping.inner : undefined;
  }
}

export class Internet {
  readonly #sites = new Map<string, Site>();
  /** Nothing but the relay works while it is set. */
  isSilent = false;
  asks = 0;

  constructor(readonly time: VirtualTime, readonly delayMs: number) {}

  site(ip: string, kind: RouterKind, isolates?: boolean): Site {
    const site = new Site(ip, kind, isolates);
    this.#sites.set(ip, site);
    return site;
  }

  send(sender: Node, to: UdpEnd, packet: Packet): void {
    if (packet.kind === "ask") this.asks += 1;
    if (this.isSilent) return;
    const { site } = sender;
    const near = site.inside(to.ip);
    if (near !== undefined) return this.#later(near, udpEnd(sender.ip, NODE_PORT), packet, 1);
    if (to.ip.startsWith("192.168.")) return;
    const from = site.outward(sender, to);
    if (to.ip === site.ip && !site.kind.hairpin) return;
    const reached = this.#sites.get(to.ip)?.inward(from, to.port);
    if (reached !== undefined) this.#later(reached, from, packet, this.delayMs);
  }

  /** The address that a member outside sees. */
  observed(node: Node): UdpEnd {
    return node.site.outward(node, RELAY);
  }

  #later(node: Node, from: UdpEnd, packet: Packet, delayMs: number): void {
    this.time.at(this.time.now + delayMs, () => node.receive(from, packet));
  }
}

/** One of the two. */
export class Node {
  state: PathState = RELAYED;
  usedMs = -Infinity;
  /** Every change of the path: when, and to which. */
  readonly changes: { readonly at: number; readonly chosen: string | undefined }[] = [];
  readonly #internet: Internet;
  readonly #asked = new Map<number, { readonly end: UdpEnd; readonly at: number }>();
  #cancel = () => {};
  #nextId = 1;
  #isAsleep = false;
  peer: Node | undefined;

  constructor(internet: Internet, public site: Site, public ip: string) {
    this.#internet = internet;
    site.join(this);
  }

  /** Tells the peer, over the relay, where it may be. */
  tell(): void {
    const { site } = this;
    const mapped = site.kind.mapped ? [udpEnd(site.ip, MAPPED_PORT)] : [];
    const ends = [udpEnd(this.ip, NODE_PORT), ...mapped, this.#internet.observed(this)];
    const { time, delayMs } = this.#internet;
    time.at(time.now + 2 * delayMs, () => {
      if (this.peer === undefined) return;
      this.peer.state = told(this.peer.state, ends, time.now);
      this.peer.wake();
    });
  }

  /** To another network: its own address changes, and the peer is told. */
  move(site: Site, ip: string): void {
    this.site.leave(this);
    site.join(this);
    this.site = site;
    this.ip = ip;
    this.state = moved(this.state);
    this.tell();
    this.wake();
  }

  sleep(): void {
    this.#isAsleep = true;
    this.#cancel();
  }

  awake(): void {
    this.#isAsleep = false;
    this.state = moved(this.state);
    this.tell();
    this.wake();
  }

  /** A datagram is sent to the peer. */
  use(): void {
    this.usedMs = this.#internet.time.now;
    this.wake();
  }

  receive(from: UdpEnd, { kind, sender, id }: Packet): void {
    if (sender !== this.peer || this.#isAsleep) return; // from oneself, or a stranger who has no key
    const { now } = this.#internet.time;
    if (kind === "ask") {
      this.#internet.send(this, from, { kind: "answer", sender: this, id });
      this.state = heard(this.state, from, now);
    } else {
      const question = this.#asked.get(id);
      if (question === undefined || question.end.key !== from.key) return;
      this.#asked.delete(id);
      this.state = answered(this.state, from, now - question.at, now);
    }
    this.wake();
  }

  wake(): void {
    if (this.#isAsleep) return;
    const { time } = this.#internet;
    this.#cancel();
    const before = this.state.chosen;
    const { state, asks, nextMs } = step(this.state, time.now, this.usedMs);
    this.state = state;
    if (state.chosen !== before) this.changes.push({ at: time.now, chosen: state.chosen });
    for (const { end } of asks) {
      const id = this.#nextId++;
      this.#asked.set(id, { end, at: time.now });
      this.#internet.send(this, end, { kind: "ask", sender: this, id });
    }
    if (nextMs < Infinity) this.#cancel = time.at(nextMs, () => this.wake());
  }
}
