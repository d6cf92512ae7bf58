import { raceSignal } from "../base/race_signal.ts";
import { z } from "zod";
import { BadMessageError, byteString } from "./base/cbor.ts";
import { Deadline } from "../base/deadline.ts";
import {
  LAST_WORD_MS,
  MAX_REVOCATIONS,
  OPEN_STREAM_TIMEOUT_MS,
  REVOCATION_FANOUT,
} from "./base/defaults.ts";
import { MAX_REVOCATIONS_MESSAGE_BYTES, REVOCATIONS_A_MESSAGE } from "./base/message_defaults.ts";
import { REVOCATIONS_RATE } from "./base/rate_defaults.ts";
import { StaleMessageError, UnknownKindError } from "./base/errors.ts";
import { MessageStream } from "./base/messages.ts";
import type { NetworkStream, PeerConnection } from "./link/network.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import type { Revocation } from "./trust/revocation.ts";
import type { Trust } from "./trust/trust.ts";
import type { MemberRole } from "./base/roles.ts";
import type { PeerId } from "./base/peer_id.ts";

export const REVOCATIONS_PROTOCOL = "/mesh-llm/revocations/1";

const messageSchema = z.array(byteString).max(REVOCATIONS_A_MESSAGE);

export interface RevocationExchangeParts {
  readonly network: PeerNetwork;
  readonly trust: Trust;
  readonly role: MemberRole;
  /** It gossips now. */
  readonly active: () => boolean;
  readonly random: () => number;
}

/**
 * How revocations travel: an active member tells everybody whom it meets what it knows, and passes on
 * what is new to it. Passive nodes listen, and tell of what they revoke themselves; clients and relays say nothing.
 */
export class RevocationExchange {
  readonly #parts: RevocationExchangeParts;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: RevocationExchangeParts) {
    this.#parts = parts;
    const { network, role, trust } = parts;
    network.handle(
      REVOCATIONS_PROTOCOL,
      { maxStreams: 8, rate: REVOCATIONS_RATE },
      (stream, { id }) => this.#receive(stream, id),
    );
    if (role !== "member") return;
    network.subscribe(({ type, connection }) => {
      if (type === "admitted" && parts.active()) {
        this.#own(this.#tell(connection, trust.revocations));
      }
    });
    trust.subscribe(({ revocation, from }) => {
      if (parts.active() || from === undefined) this.#passOn(revocation, from);
    });
  }

  /** Tells nobody any more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("This node stops"));
    await Promise.all(this.#running);
  }

  /** Tells a peer that its time is over, if it listens; then its connections close. */
  dismiss(peer: PeerId, revocation: Revocation): void {
    const { network, role } = this.#parts;
    const connection = role === "member" ? network.connectionTo(peer) : undefined;
    const told = connection && this.#tell(connection, [revocation], LAST_WORD_MS);
    const reason = new Error("The invite of this peer was revoked");
    this.#own(Promise.resolve(told).then(() => network.disconnect(peer, reason)));
  }

  /** Its author tells all members; who hears of it tells some. */
  #passOn(revocation: Revocation, from: PeerId | undefined): void {
    const { network, random } = this.#parts;
    const others = [...network.connectedMembers()].filter((peer) => peer !== from);
    // They tell nobody, so nobody but members tells them.
    const relays = [...network.connectedPeers().values()]
      .filter(({ role }) => role === "relay").map(({ id }) => id);
    const chosen = from === undefined
      ? others
      : others.map((peer) => ({ peer, rank: random() })).sort((a, b) => a.rank - b.rank)
        .slice(0, REVOCATION_FANOUT).map(({ peer }) => peer);
    for (const peer of [...chosen, ...relays]) {
      const connection = network.connectionTo(peer);
      if (connection !== undefined) this.#own(this.#tell(connection, [revocation]));
    }
  }

  /** Resolves when the peer has read it all, or will not: then it is told at the next connection. */
  async #tell(
    connection: PeerConnection,
    revocations: readonly Revocation[],
    timeoutMs = OPEN_STREAM_TIMEOUT_MS,
  ): Promise<void> {
    if (revocations.length === 0) return;
    using deadline = Deadline.forStep(timeoutMs, "Telling what is revoked", this.#stop.signal);
    try {
      const stream = await connection.openStream(REVOCATIONS_PROTOCOL, deadline.signal);
      await raceSignal(send(stream, revocations), deadline.signal).finally(() => stream.release());
    } catch {
      return;
    }
  }

  #own(work: Promise<void>): void {
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }

  async #receive(stream: NetworkStream, from: PeerId): Promise<void> {
    const { trust } = this.#parts;
    const messages = new MessageStream(stream, MAX_REVOCATIONS_MESSAGE_BYTES);
    for (let told = 0;; told += REVOCATIONS_A_MESSAGE) {
      const message = await messages.read(messageSchema, "list of revocations");
      if (message === undefined) break;
      if (told >= MAX_REVOCATIONS) throw new BadMessageError("The list of revocations has no end");
      for (const bytes of message) this.#learn(trust, bytes, from);
    }
    await stream.closeWrite();
  }

  /**
   * An expired revocation is the relay's ignorance, an unknown one this node's; a wrong one ends the stream and counts
   * against the peer.
   */
  #learn(trust: Trust, bytes: Uint8Array, from: PeerId): void {
    try {
      trust.learn(bytes, from);
    } catch (error) {
      if (error instanceof BadMessageError) trust.countBad();
      if (!(error instanceof StaleMessageError || error instanceof UnknownKindError)) throw error;
    }
  }
}

async function send(stream: NetworkStream, revocations: readonly Revocation[]): Promise<void> {
  const messages = new MessageStream(stream, MAX_REVOCATIONS_MESSAGE_BYTES);
  for (let i = 0; i < revocations.length; i += REVOCATIONS_A_MESSAGE) {
    const part = revocations.slice(i, i + REVOCATIONS_A_MESSAGE);
    await messages.write(part.map(({ bytes }) => bytes));
  }
  await stream.closeWrite();
  // Its end of the stream is the receipt.
  await stream.read();
}
