import { asError } from "../../base/as_error.ts";
import { Deadline } from "../../base/deadline.ts";
import { printable } from "../../base/printable.ts";
import { raceSignal } from "../../base/race_signal.ts";
import { parseAddress } from "../base/addresses.ts";
import type { RelayPlace } from "../base/announcement.ts";
import type { Clock } from "../base/clock.ts";
import { MAX_PAIRS_OF_PEER, OPEN_STREAM_TIMEOUT_MS } from "../base/defaults.ts";
import { NotAllowedError, RefusedError, UnreachableError } from "../base/errors.ts";
import { MAX_RELAY_ADDRESSES } from "../base/message_defaults.ts";
import type { AdmittedPeer } from "../base/mesh.ts";
import type { PeerId } from "../base/peer_id.ts";
import { RELAY_STREAM_RATE } from "../base/rate_defaults.ts";
import type { MemberRole } from "../base/roles.ts";
import type { NetworkStream, PeerConnection } from "../link/network.ts";
import type { PeerNetwork } from "../link/peer_network.ts";
import { type CarriedStatus, Carrier } from "./carrier.ts";
import { RelayPath } from "./relay_path.ts";
import { answerSchema, openingSchema, RELAY_PROTOCOL, relayMessages } from "./relay_wire.ts";

/** A peer reaches this node over a third one. */
export interface RelayedPeer {
  readonly peer: PeerId;
  /** The node that carries. That the peer is who it says it is, its own connection proves. */
  readonly by: PeerId;
  readonly path: RelayPath;
  /** It has no port that could be dialled. */
  readonly isClient: boolean;
}

export interface RelayPathsParts {
  readonly network: PeerNetwork;
  readonly role: MemberRole;
  readonly clock: Clock;
}

/** Datagrams over a third node that both ends are connected to: this node's own paths, and those that it carries for others. */
export class RelayPaths {
  readonly #parts: RelayPathsParts;
  readonly #carrier: Carrier;
  /** This node's own, and the nodes that carry them. */
  readonly #own = new Map<RelayPath, PeerId>();
  /** Takes in the peers that reach this node so; without it they are refused. */
  onPeer: ((relayed: RelayedPeer) => void) | undefined;
  /** Hears where a relay is dialled from now on. */
  onPlace: ((place: RelayPlace) => void) | undefined;

  constructor(parts: RelayPathsParts) {
    this.#parts = parts;
    this.#carrier = new Carrier(parts);
    if (parts.role === "client") return;
    const options = { maxStreams: 2 * MAX_PAIRS_OF_PEER, rate: RELAY_STREAM_RATE };
    parts.network.handle(
      RELAY_PROTOCOL,
      options,
      (stream, peer) => this.#answer(stream, peer),
    );
  }

  /** The datagrams of others that this node carries. */
  get carried(): CarriedStatus {
    return this.#carrier.status;
  }

  /**
   * A path to a peer over a node that this one is connected to, once the peer has confirmed it: a first datagram that is
   * lost costs a second.
   * @throws {UnreachableError | RefusedError} or the signal's reason.
   */
  async open(
    { by, to, signal }: {
      readonly by: PeerId;
      readonly to: PeerId;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<RelayPath> {
    const connection = this.#parts.network.connectionTo(by);
    if (connection === undefined) throw new UnreachableError(`${by} is not connected`);
    // The carrier waits as long for the other end.
    using deadline = Deadline.forStep(2 * OPEN_STREAM_TIMEOUT_MS, `Reaching ${to}`, signal);
    const stream = await connection.openStream(RELAY_PROTOCOL, deadline.signal);
    try {
      const messages = relayMessages(stream);
      await messages.write({ to });
      const { ok, reason } = await raceSignal(
        messages.expect(answerSchema, "answer of a relay"),
        deadline.signal,
      );
      if (!ok) throw new RefusedError(`${by} does not carry to ${to}: ${printable(reason)}`);
      return this.#keep(new RelayPath(stream, messages.unread()), by);
    } catch (error) {
      stream.reset(asError(error));
      throw error;
    }
  }

  /** Tells a member where this relay is dialled; who does not hear it learns it at the next connection. */
  async tellPlace(connection: PeerConnection, addresses: readonly string[]): Promise<void> {
    using deadline = Deadline.forStep(OPEN_STREAM_TIMEOUT_MS, "Telling where this relay is");
    try {
      const stream = await connection.openStream(RELAY_PROTOCOL, deadline.signal);
      await relayMessages(stream).write({ here: addresses.slice(0, MAX_RELAY_ADDRESSES) });
      await stream.closeWrite();
      await raceSignal(stream.read(), deadline.signal).finally(() => stream.release());
    } catch {
      return;
    }
  }

  /** Whether a node carries a path of this one now. */
  isUsed(carrier: PeerId): boolean {
    return [...this.#own.values()].includes(carrier);
  }

  /** Takes no more paths of others; its own go on until the last word is said on them. */
  refuse(): void {
    this.onPeer = undefined;
    this.onPlace = undefined;
  }

  /** Ends this node's own paths. Safe to call twice. */
  stop(): void {
    this.refuse();
    for (const path of this.#own.keys()) path.close();
  }

  async #answer(stream: NetworkStream, peer: AdmittedPeer): Promise<void> {
    const messages = relayMessages(stream);
    const opening = await messages.expect(openingSchema, "opening of a relayed path");
    if ("to" in opening) {
      // A relay reaches others on behalf of its peers alone.
      if (peer.role === "relay") throw new NotAllowedError("A relay asks nobody to carry");
      return await this.#carrier.carry(stream, messages, { peer, to: opening.to });
    }
    if ("here" in opening) {
      if (peer.role !== "relay") throw new NotAllowedError("Only a relay says where it is");
      const addresses = opening.here.filter((text) => parseAddress(text)?.peer === peer.id);
      this.onPlace?.({ peer: peer.id, addresses });
      return await stream.closeWrite();
    }
    if (peer.role === "client") throw new NotAllowedError("A client carries for nobody");
    const { from, client: isClient } = opening;
    const isOwn = from === peer.id;
    if (this.onPeer === undefined || isOwn || this.#isFull(peer.id)) {
      await messages.write({ ok: false, reason: "it takes no relayed paths now" });
      await stream.closeWrite();
      return;
    }
    await messages.write({ ok: true });
    const path = this.#keep(new RelayPath(stream, messages.unread()), peer.id);
    this.onPeer({ peer: from, by: peer.id, path, isClient });
    await path.closed;
  }

  /** No carrier has as many pairs of one peer: one that makes them up leaves room for the ways over others. */
  #isFull(carrier: PeerId): boolean {
    const by = [...this.#own.values()].filter((one) => one === carrier).length;
    return by >= MAX_PAIRS_OF_PEER || this.#own.size >= 2 * MAX_PAIRS_OF_PEER;
  }

  #keep(path: RelayPath, by: PeerId): RelayPath {
    this.#own.set(path, by);
    void path.closed.then(() => this.#own.delete(path));
    return path;
  }
}
