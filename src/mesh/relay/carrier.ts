import { BadMessageError } from "../base/cbor.ts";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { asError } from "../../base/as_error.ts";
import {
  MAX_CARRIED_PAIRS,
  MAX_PAIRS_OF_PEER,
  OPEN_STREAM_TIMEOUT_MS,
  RELAY_IDLE_MS,
} from "../base/defaults.ts";
import { CARRY_RATE, CLIENT_PAIR_RATE, PAIR_RATE } from "../base/rate_defaults.ts";
import type { AdmittedPeer } from "../base/mesh.ts";
import type { MessageStream } from "../base/messages.ts";
import type { PeerId } from "../base/peer_id.ts";
import { isPiped, type NetworkStream } from "../link/network.ts";
import type { PeerNetwork } from "../link/peer_network.ts";
import { ByteMeter, spendBoth } from "./budget.ts";
import { DatagramSender } from "./datagram_sender.ts";
import { FrameReader } from "./frames.ts";
import { answerSchema, RELAY_PROTOCOL, relayMessages } from "./relay_wire.ts";
import { raceSignal } from "../../base/race_signal.ts";

/** Totals since the start. */
export interface CarriedStatus {
  /** Now. */
  readonly pairs: number;
  readonly bytes: number;
  /** Datagrams beyond the budget, or that the other end did not take in time. */
  readonly dropped: number;
}

interface Pair {
  readonly ends: readonly [PeerId, PeerId];
  readonly meter: ByteMeter;
  usedAtMs: number;
}

/** The far end, once it has confirmed the pair. */
interface FarEnd {
  readonly stream: NetworkStream;
  readonly unread: Uint8Array;
}

/** Carries datagrams between pairs of peers that are connected to this node, within a budget. */
export class Carrier {
  readonly #network: PeerNetwork;
  readonly #clock: Clock;
  readonly #all = new ByteMeter(CARRY_RATE);
  readonly #pairs = new Set<Pair>();
  #bytes = 0;
  #dropped = 0;

  constructor({ network, clock }: { readonly network: PeerNetwork; readonly clock: Clock }) {
    this.#network = network;
    this.#clock = clock;
  }

  get status(): CarriedStatus {
    return { pairs: this.#pairs.size, bytes: this.#bytes, dropped: this.#dropped };
  }

  /** Answers a peer that wants to reach another one. Resolves with the end of the pair. */
  async carry(
    stream: NetworkStream,
    messages: MessageStream,
    { peer, to }: { readonly peer: AdmittedPeer; readonly to: PeerId },
  ): Promise<void> {
    const refusal = this.#refusal(peer, to);
    if (refusal !== undefined) return await refuse(stream, messages, refusal);
    const rate = peer.role === "client" ? CLIENT_PAIR_RATE : PAIR_RATE;
    const pair: Pair = {
      ends: [peer.id, to],
      meter: new ByteMeter(rate),
      usedAtMs: this.#clock.elapsed(),
    };
    this.#pairs.add(pair);
    try {
      const far = await this.#reach(pair, peer.role === "client");
      if ("refusal" in far) return await refuse(stream, messages, far.refusal);
      try {
        await messages.write({ ok: true });
      } catch (error) {
        far.stream.reset(asError(error)); // it has waited for nobody
        throw error;
      }
      await this.#join(pair, { stream, unread: messages.unread() }, far);
    } finally {
      this.#pairs.delete(pair);
    }
  }

  #refusal({ id, role }: AdmittedPeer, to: PeerId): string | undefined {
    const far = this.#network.connectedPeers().get(to);
    if (far === undefined || id === to) return "it is not connected to that node";
    if (far.role !== "member") return `it carries nothing to a ${far.role}`;
    const of = (peer: PeerId) => [...this.#pairs].filter(({ ends }) => ends.includes(peer)).length;
    const isFull = this.#pairs.size >= MAX_CARRIED_PAIRS || of(to) >= MAX_PAIRS_OF_PEER ||
      of(id) >= (role === "client" ? MAX_PAIRS_OF_PEER / 8 : MAX_PAIRS_OF_PEER);
    return isFull ? "it carries for as many as it can" : undefined;
  }

  async #reach(
    { ends: [from, to] }: Pair,
    client: boolean,
  ): Promise<FarEnd | { readonly refusal: string }> {
    const connection = this.#network.connectionTo(to);
    // Over a pipe somebody else would carry for this node, at worst one that this node carries for.
    if (connection === undefined || isPiped(connection)) {
      return { refusal: "it is not connected to that node" };
    }
    using deadline = Deadline.forStep(OPEN_STREAM_TIMEOUT_MS, `Reaching ${to}`);
    let stream: NetworkStream | undefined;
    try {
      stream = await connection.openStream(RELAY_PROTOCOL, deadline.signal);
      const messages = relayMessages(stream);
      await messages.write({ from, ...(client && { client }) });
      const { ok, reason } = await raceSignal(
        messages.expect(answerSchema, "answer of the other end"),
        deadline.signal,
      );
      if (ok) return { stream, unread: messages.unread() };
      await stream.release();
      return { refusal: reason };
    } catch (error) {
      stream?.reset(asError(error));
      return { refusal: "that node does not answer" };
    }
  }

  /** Until one end has gone, or neither has said anything for a while. */
  async #join(pair: Pair, near: FarEnd, far: FarEnd): Promise<void> {
    const over = Promise.withResolvers<unknown>();
    const toNear = new DatagramSender(near.stream, over.resolve);
    const toFar = new DatagramSender(far.stream, over.resolve);
    this.#pump(pair, near, toFar).then(over.resolve, over.reject);
    this.#pump(pair, far, toNear).then(over.resolve, (error) => {
      // The near end is not to blame for it.
      if (error instanceof BadMessageError) this.#network.misbehaved(pair.ends[1], error);
      over.resolve(undefined);
    });
    const cancel = this.#watch(pair, over.resolve);
    try {
      await over.promise;
    } finally {
      cancel();
      for (const { stream } of [near, far]) stream.reset(new Error("The relayed path is over"));
      toNear.close();
      toFar.close();
    }
  }

  async #pump(pair: Pair, { stream, unread }: FarEnd, sender: DatagramSender): Promise<void> {
    const reader = new FrameReader();
    const take = (datagram: Uint8Array) => this.#pass(pair, datagram, sender);
    reader.push(unread, take);
    for (let bytes = await stream.read(); bytes !== null;) {
      reader.push(bytes, take);
      stream.recycle(bytes);
      bytes = await stream.read();
    }
  }

  #pass(pair: Pair, datagram: Uint8Array, sender: DatagramSender): void {
    const now = this.#clock.elapsed();
    pair.usedAtMs = now;
    const { byteLength } = datagram;
    const isPassed = spendBoth(pair.meter, this.#all, byteLength, now) && sender.send(datagram);
    if (isPassed) this.#bytes += byteLength;
    else this.#dropped += 1;
  }

  #watch(pair: Pair, over: (reason: undefined) => void): () => void {
    let cancel = () => {};
    const look = () => {
      const idleMs = this.#clock.elapsed() - pair.usedAtMs;
      if (idleMs >= RELAY_IDLE_MS) return over(undefined);
      cancel = this.#clock.after(RELAY_IDLE_MS - idleMs, look);
    };
    look();
    return () => cancel();
  }
}

async function refuse(
  stream: NetworkStream,
  messages: MessageStream,
  reason: string,
): Promise<void> {
  await messages.write({ ok: false, reason });
  await stream.closeWrite();
}
