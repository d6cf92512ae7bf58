import { z } from "zod";
import { raceSignal } from "../base/race_signal.ts";
import { Deadline } from "../base/deadline.ts";
import { BadMessageError } from "./base/cbor.ts";
import { RENEWAL_TELL_MS, RENEWAL_TIMEOUT_MS } from "./base/defaults.ts";
import { NotAllowedError } from "./base/errors.ts";
import { publicKeyOf } from "./base/keys.ts";
import { MAX_JOIN_MESSAGE_BYTES } from "./base/message_defaults.ts";
import { MessageStream } from "./base/messages.ts";
import type { Clock } from "./base/clock.ts";
import type { PeerId } from "./base/peer_id.ts";
import { RENEWAL_RATE } from "./base/rate_defaults.ts";
import { mayBe } from "./base/roles.ts";
import type { NetworkStream, PeerConnection } from "./link/network.ts";
import type { PeerNetwork } from "./link/peer_network.ts";
import { type Chain, chainSchema, chainToWire } from "./trust/capability.ts";
import { checkCredential } from "./trust/credential.ts";
import type { Identity } from "./trust/identity.ts";
import { guestOf, isGuest } from "./trust/removal.ts";
import { judgeRenewal } from "./trust/renewal.ts";
import type { Trust } from "./trust/trust.ts";

export const RENEWAL_PROTOCOL = "/mesh-llm/renewal/1";

/** `offer`: certificates for the node that is asked; `own`: those that the asking node has from now on. */
const questionSchema = z.object({ kind: z.enum(["offer", "own"]), chain: chainSchema });
const answerSchema = z.object({ ok: z.boolean(), reason: z.string().max(512).default("") });

export interface RenewalsParts {
  readonly network: PeerNetwork;
  readonly identity: Identity;
  readonly trust: Trust;
  readonly clock: Pick<Clock, "now">;
  /** This node signs with other certificates from now on. */
  renewed(): void;
}

/**
 * Certificates that take the place of those by which a node joined, while its connections live: before an inviter is
 * removed, those who are to stay get them from a node above it, and show them to everybody whom they are connected to.
 */
export class Renewals {
  readonly #parts: RenewalsParts;
  readonly #stop = new AbortController();

  constructor(parts: RenewalsParts) {
    this.#parts = parts;
    parts.network.handle(
      RENEWAL_PROTOCOL,
      { maxStreams: 4, rate: RENEWAL_RATE },
      (stream, { id }, connection) => this.#answer(stream, id, connection),
    );
  }

  stop(): void {
    this.#stop.abort(new Error("This node stops"));
  }

  /**
   * Gives certificates to a node that stays. Resolves once it has them, and has told whom it is connected to.
   * @throws where it can't be reached, is of a version that can't do this, or refuses.
   */
  async offer(peer: PeerId, chain: Chain, addresses: readonly string[]): Promise<void> {
    const { network } = this.#parts;
    using deadline = this.#deadline(RENEWAL_TIMEOUT_MS);
    const { signal } = deadline;
    const connection = await network.connect({ peer, addresses, signal });
    await ask(connection, { kind: "offer", chain }, signal);
  }

  async #answer(stream: NetworkStream, from: PeerId, connection: PeerConnection): Promise<void> {
    const messages = new MessageStream(stream, MAX_JOIN_MESSAGE_BYTES);
    const { kind, chain } = await messages.expect(questionSchema, "renewal");
    const reason = kind === "own"
      ? this.#learn(from, chain)
      : await this.#accept(chain, connection);
    await messages.write(reason === undefined ? { ok: true } : { ok: false, reason });
    await stream.closeWrite();
    await stream.read();
  }

  /** A peer shows other certificates of its own on a connection that was admitted by the former. */
  #learn(from: PeerId, chain: Chain): string | undefined {
    const { network, trust, identity, clock } = this.#parts;
    const { meshKey } = identity.binding.credential;
    const publicKey = publicKeyOf(from);
    const known = network.connectedPeers().get(from);
    if (publicKey === undefined || known === undefined) return "it is not connected";
    const verdict = checkCredential(chain, { meshKey, publicKey, now: clock.now() });
    if (!verdict.ok) {
      if (verdict.expired) return verdict.reason;
      throw new BadMessageError(`${from} shows certificates that are not valid: ${verdict.reason}`);
    }
    const { links, grant } = verdict;
    if (
      grant.expiresAt !== known.expiresAt || !mayBe(grant.role, known.role)
    ) {
      return "they grant other rights: they count at the next connection";
    }
    if (trust.revocationOf(links) !== undefined) return "they are revoked";
    network.renew(from, links);
    if (isGuest(known.role) && trust.mayRemove(links)) trust.guests.note(guestOf(from, links));
    return undefined;
  }

  async #accept(chain: Chain, { peer }: PeerConnection): Promise<string | undefined> {
    const { identity, trust, clock, renewed } = this.#parts;
    const { key: { publicKey }, binding: { credential } } = identity;
    if (this.#parts.network.connectedPeers().get(peer)?.role !== "member") {
      throw new NotAllowedError("Only a member may certify others");
    }
    const verdict = judgeRenewal(credential, chain, { publicKey, now: clock.now() });
    if (!verdict.ok) return verdict.reason;
    if (trust.revocationOf(verdict.links) !== undefined) return "it is revoked";
    await trust.renew(verdict.credential);
    renewed();
    await this.#tellAll(chain);
    return undefined;
  }

  async #tellAll(chain: Chain): Promise<void> {
    const { network } = this.#parts;
    using deadline = this.#deadline(RENEWAL_TELL_MS);
    const { signal } = deadline;
    await Promise.allSettled([...network.connectedPeers().keys()].map(async (peer) => {
      const connection = network.connectionTo(peer);
      if (connection !== undefined) await ask(connection, { kind: "own", chain }, signal);
    }));
  }

  #deadline(ms: number): Deadline {
    return Deadline.forStep(ms, "Telling of new certificates", this.#stop.signal);
  }
}

async function ask(
  connection: PeerConnection,
  { kind, chain }: z.infer<typeof questionSchema>,
  signal: AbortSignal,
): Promise<void> {
  const stream = await connection.openStream(RENEWAL_PROTOCOL, signal);
  const converse = async () => {
    const messages = new MessageStream(stream, MAX_JOIN_MESSAGE_BYTES);
    await messages.write({ kind, chain: chainToWire(chain) });
    await stream.closeWrite();
    return await messages.expect(answerSchema, "answer to a renewal");
  };
  try {
    const { ok, reason } = await raceSignal(converse(), signal);
    if (!ok) {
      throw new NotAllowedError(`${connection.peer} does not take the certificates: ${reason}`);
    }
  } finally {
    await stream.release();
  }
}
