import { Emitter } from "../../base/emitter.ts";
import type { Logger } from "@logtape/logtape";
import { alarmAt } from "../base/alarm.ts";
import { type Link, linksOf } from "./capability.ts";
import { BadMessageError } from "../base/cbor.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { EXPIRY_WARNING_MS, GUESTS_SAVE_MS } from "../base/defaults.ts";
import { NotAllowedError, StaleMessageError, UnknownKindError } from "../base/errors.ts";
import type { Credential } from "./credential.ts";
import { GuestBook } from "./guest_book.ts";
import type { Identity } from "./identity.ts";
import { InviteBook } from "./invite_book.ts";
import { followUps, type Mark, standsAbove } from "./removal.ts";
import { openRevocation, type Revocation, type Revoker, signRevocation } from "./revocation.ts";
import { openAll, RevocationList } from "./revocation_list.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface TrustParts {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
}

export interface RevokedCertificate {
  readonly id: string;
  readonly expiresAt: number | null;
}

/** A word that is new. */
export interface NewRevocation {
  readonly revocation: Revocation;
  /** The peer that brought it; `undefined` where this node has said it. */
  readonly from: PeerId | undefined;
}

/** This node's trust: the invites that it made, the revocations, and how long it belongs here itself. */
export class Trust {
  /** Resolves with a sentence when this node's membership is over. */
  readonly ended: Promise<string>;
  readonly invites: InviteBook;
  readonly #parts: TrustParts;
  readonly #revocations: RevocationList;
  readonly #news: Emitter<NewRevocation>;
  readonly guests: GuestBook;
  /** Words that are kept for the next start, and count once they are said. */
  readonly #prepared = new Set<Revocation>();
  readonly #alarms: Cancel[] = [];
  #cancelSave: Cancel | undefined;
  #hasStopped = false;
  readonly #end: (reason: string) => void;

  constructor(parts: TrustParts) {
    this.#parts = parts;
    const { identity, clock, logger } = parts;
    this.#news = new Emitter((error) =>
      logger.error("What follows from a revocation failed: {error}", { error })
    );
    const { meshKey } = identity.binding.credential;
    this.#revocations = new RevocationList(meshKey);
    const now = clock.now();
    for (const known of openAll(identity.trust.revocations, { meshKey, now })) {
      this.#revocations.add(known, now);
    }
    this.invites = new InviteBook({
      identity,
      clock,
      isRevoked: (links) => this.revocationOf(links) !== undefined,
      changed: () => this.#save(),
    });
    this.guests = new GuestBook(identity.trust.guests, () => this.#saveSoon());
    const ended = Promise.withResolvers<string>();
    this.ended = ended.promise;
    this.#end = ended.resolve;
    this.#watchOwnExpiry();
  }

  subscribe(listener: (news: NewRevocation) => void): () => void {
    return this.#news.subscribe(listener);
  }

  /** The word that makes a chain worthless. */
  revocationOf(links: readonly Mark[]): Revocation | undefined {
    return this.#revocations.find(links);
  }

  get revocations(): readonly Revocation[] {
    return this.#revocations.all();
  }

  /** @throws {BadMessageError | StaleMessageError | UnknownKindError} for what is no word that counts. */
  learn(bytes: Uint8Array, from?: PeerId): void {
    const { identity, clock } = this.#parts;
    const { meshKey } = identity.binding.credential;
    if (this.#revocations.holds(bytes)) return;
    this.#accept(openRevocation(bytes, { meshKey, now: clock.now() }), from);
  }

  /**
   * A revocation that came with a refusal: it counts only if it ends this node's own membership; a false one is
   * ignored.
   */
  learnQuietly(bytes: Uint8Array): void {
    try {
      this.learn(bytes);
    } catch (error) {
      if (error instanceof UnknownKindError) return;
      if (!(error instanceof BadMessageError || error instanceof StaleMessageError)) throw error;
      this.countBad();
    }
  }

  countBad(): void {
    this.#parts.counters.count("revocationsBad");
  }

  /** Revokes a certificate. Resolves once the word is kept. @throws {NotAllowedError} */
  async revoke(certificate: RevokedCertificate): Promise<void> {
    await this.say(await this.prepare(certificate));
  }

  /**
   * The word that a certificate is revoked, before it is said: a node that ends in between says it at its next start.
   * @throws {NotAllowedError}
   */
  async prepare({ id, expiresAt }: RevokedCertificate): Promise<Revocation> {
    const { identity, clock } = this.#parts;
    if (this.#links.some((link) => link.id === id)) {
      throw new NotAllowedError("This is the invite by which this node itself joined");
    }
    const revocation = signRevocation({ id, expiresAt }, this.#revoker());
    if (!this.#revocations.hasRoomFor(revocation, clock.now())) {
      throw new NotAllowedError(
        "Too many invites are revoked: revoke the one that the others were made from",
      );
    }
    this.#prepared.add(revocation);
    this.#save();
    await identity.flushed();
    return revocation;
  }

  /** Says a word that was prepared. */
  async say(revocation: Revocation): Promise<void> {
    this.#prepared.delete(revocation);
    this.#accept(revocation, undefined);
    await this.#parts.identity.flushed();
  }

  /** Other certificates of the same rights take the place of this node's own. Resolves once they are kept. */
  async renew(credential: Credential): Promise<void> {
    const kept = this.#parts.identity.renew(credential);
    this.invites.moved();
    this.#save();
    await kept;
  }

  /** By its rights this node ends the membership of who came by a chain. */
  mayRemove(links: readonly Link[]): boolean {
    const { key, binding: { credential } } = this.#parts.identity;
    if (links.length < 3 || !credential.grant.mayInvite) return false;
    return this.isRoot || standsAbove(key.publicKey, links);
  }

  get #links(): readonly Link[] {
    return linksOf(this.#parts.identity.binding.credential.chain);
  }

  get isRoot(): boolean {
    return this.#parts.identity.binding.root !== null;
  }

  /** This node's membership is over. */
  end(reason: string): void {
    this.#end(reason);
  }

  stop(): void {
    for (const cancel of this.#alarms.splice(0)) cancel();
    if (this.#cancelSave !== undefined) this.#save();
    this.#hasStopped = true;
  }

  #accept(revocation: Revocation, from: PeerId | undefined): "new" | "known" | "full" {
    const outcome = this.#revocations.add(revocation, this.#parts.clock.now());
    if (outcome !== "new") return outcome;
    this.#parts.logger.debug("The invite {id} is revoked", { id: revocation.id });
    this.#save();
    this.#news.emit({ revocation, from });
    this.#follow(revocation);
    if (this.#revocations.find(this.#links) !== undefined) {
      this.#end("the invite that this node came by was revoked; join again with a new token");
    }
    return outcome;
  }

  /** A machine that this node has certified anew was removed elsewhere meanwhile: it is out by its new certificates too. */
  #follow(word: Revocation): void {
    const { meshKey } = this.#parts.identity.binding.credential;
    const isRevoked = (links: readonly Mark[]) => this.revocationOf(links) !== undefined;
    for (const invite of followUps(word, this.guests.all(), { meshKey, isRevoked })) {
      this.#accept(signRevocation(invite, this.#revoker()), undefined);
    }
  }

  #revoker(): Revoker {
    const { key, binding: { credential, root } } = this.#parts.identity;
    return root === null ? { key, credential } : { root, meshKey: credential.meshKey };
  }

  #watchOwnExpiry(): void {
    const { identity, clock, logger } = this.#parts;
    const { expiresAt } = identity.binding.credential.grant;
    if (expiresAt === null) return;
    const until = new Date(expiresAt).toISOString();
    const warn = () =>
      logger.warn("This node's membership ends at {until}: ask for a new invite", {
        event: "expiring",
        until,
      });
    const end = () => this.#end("this node's membership has expired; join again with a new token");
    this.#alarms.push(alarmAt(clock, expiresAt - EXPIRY_WARNING_MS, warn));
    this.#alarms.push(alarmAt(clock, expiresAt, end));
  }

  /** Peers that part while the node stops are none of its news any more. */
  #saveSoon(): void {
    if (this.#hasStopped) return;
    this.#cancelSave ??= this.#parts.clock.after(GUESTS_SAVE_MS, () => this.#save());
  }

  #save(): void {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    const revocations = [...this.#revocations.all(), ...this.#prepared].map(({ bytes }) => bytes);
    const guests = this.guests.all();
    this.#parts.identity.keepTrust({ ...this.invites.stored(), revocations, guests });
  }
}
