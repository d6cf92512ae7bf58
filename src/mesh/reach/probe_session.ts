import { type Bucket, take } from "../../base/token_bucket.ts";
import type { PeerId } from "../base/peer_id.ts";
import { ANSWER_RATE, MAX_OPEN_ASKS } from "./defaults.ts";
import { type Probe, type ProbeSender, probeSender, readProbe, writeProbe } from "./probe_wire.ts";
import { ReplayWindow } from "./replay_window.ts";
import type { UdpEnd } from "./udp_end.ts";

/** The meaning of a peer's probe. */
export type Probed =
  | { readonly kind: "asked"; readonly answer: Uint8Array }
  /** The peer is where it was asked, and sees this node at `seen`. */
  | { readonly kind: "answered"; readonly rttMs: number; readonly seen: UdpEnd };

interface Question {
  readonly to: string;
  readonly nonce: bigint;
  readonly atMs: number;
}

/** Questions and answers between two nodes that share a secret. Time is an argument. */
export class ProbeSession {
  readonly #own: ProbeSender;
  readonly #peers: ProbeSender;
  readonly #asked = new Map<bigint, Question>();
  readonly #window = new ReplayWindow();
  #number = 0n;
  #answers: Bucket | undefined;

  constructor(secret: Uint8Array, pair: { readonly self: PeerId; readonly peer: PeerId }) {
    this.#own = probeSender(secret, pair.self);
    this.#peers = probeSender(secret, pair.peer);
  }

  /** The tag of the peer's probes. */
  get tag(): string {
    return this.#peers.tag;
  }

  ask(to: UdpEnd, now: number): Uint8Array {
    const number = this.#number++;
    const [nonce = 0n] = crypto.getRandomValues(new BigUint64Array(1));
    this.#asked.set(number, { to: to.key, nonce, atMs: now });
    if (this.#asked.size > MAX_OPEN_ASKS) this.#asked.delete(this.#asked.keys().next().value!);
    return writeProbe({ kind: "ask", number, nonce, seen: undefined }, this.#own);
  }

  /**
   * `undefined` for whatever is not the peer's, comes again, or answers from elsewhere: a path that leads back by another
   * address is none that can be sent to.
   */
  receive(bytes: Uint8Array, from: UdpEnd, now: number): Probed | undefined {
    const probe = readProbe(bytes, this.#peers);
    if (probe === undefined) return undefined;
    const { number, nonce, seen } = probe;
    if (seen === undefined) return this.#asks(probe, from, now);
    const question = this.#asked.get(number);
    if (question?.to !== from.key || question.nonce !== nonce) return undefined;
    this.#asked.delete(number);
    return { kind: "answered", rttMs: now - question.atMs, seen };
  }

  #asks({ number, nonce }: Probe, from: UdpEnd, now: number): Probed | undefined {
    if (!this.#window.take(number)) return undefined;
    const { bucket, allowed } = take(this.#answers, ANSWER_RATE, now);
    this.#answers = bucket;
    if (!allowed) return undefined;
    const answer = writeProbe({ kind: "answer", number, nonce, seen: from }, this.#own);
    return { kind: "asked", answer };
  }
}
