import type { Logger } from "@logtape/logtape";
import type { Contacts } from "./contacts.ts";
import { compareRecords } from "./membership.ts";
import type { OwnRecords } from "./own_records.ts";
import type { Prober } from "./prober.ts";
import type { MeshRecord } from "./record.ts";
import type { Roster } from "./roster.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface DeathWatchEffects {
  /** A peer was found dead, and this is the signed notice. */
  declaredDead(notice: MeshRecord): void;
  /** Somebody takes a living peer for dead: the peer itself has to object. */
  tell(peer: PeerId, notice: MeshRecord): void;
}

/** Decides by a direct probe which suspects are dead. */
export class DeathWatch {
  readonly #roster: Pick<Roster, "isAlive" | "recordOf">;
  readonly #notices: Pick<OwnRecords, "deathNotice">;
  readonly #prober: Prober;
  readonly #effects: DeathWatchEffects;
  readonly #logger: Logger;
  readonly #contacts: Contacts;
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(
    { roster, own, contacts, prober, effects, logger }: {
      readonly roster: Pick<Roster, "isAlive" | "recordOf">;
      readonly own: Pick<OwnRecords, "deathNotice">;
      readonly contacts: Contacts;
      readonly prober: Prober;
      readonly effects: DeathWatchEffects;
      readonly logger: Logger;
    },
  ) {
    this.#roster = roster;
    this.#notices = own;
    this.#contacts = contacts;
    this.#prober = prober;
    this.#effects = effects;
    this.#logger = logger;
  }

  met(peer: PeerId): void {
    this.#contacts.of(peer).isMet = true;
  }

  /** Something of the peer failed: one probe decides. */
  suspect(peer: PeerId, reason: string): void {
    if (this.#roster.isAlive(peer)) this.#own(this.#examine(peer, reason));
  }

  /** Another member takes a connected peer for dead: this node finds out for itself. */
  contest(notice: MeshRecord): void {
    const known = this.#roster.recordOf(notice.subject);
    if (known === undefined || compareRecords(notice, known) <= 0) return;
    this.#own(this.#examine(notice.subject, `${notice.signer} takes it for dead`, notice));
  }

  /** Dialling the peer has failed often enough. */
  giveUp(peer: PeerId, reason: string): void {
    if (this.#roster.isAlive(peer)) this.#declareDead(peer, reason);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#prober.stop();
    await Promise.all(this.#running);
  }

  async #examine(peer: PeerId, reason: string, notice?: MeshRecord): Promise<void> {
    const alive = await this.#prober.probe(peer);
    if (this.#stopped) return;
    if (!alive) this.#declareDead(peer, reason);
    else if (notice !== undefined) this.#effects.tell(peer, notice);
  }

  /**
   * A peer that objects to its burial and still cannot be reached from here is left in peace until
   * this node meets it again, for others may reach it.
   */
  #declareDead(peer: PeerId, reason: string): void {
    const notice = this.#notices.deathNotice(peer);
    if (notice === undefined || this.#stopped) return;
    const contact = this.#contacts.of(peer);
    if (!contact.isMet && contact.declaredDead === notice.incarnation) return;
    contact.isMet = false;
    contact.declaredDead = notice.incarnation;
    this.#logger.debug("{peer} is dead: {reason}", { peer, reason });
    this.#effects.declaredDead(notice);
  }

  #own(examination: Promise<void>): void {
    const run = examination
      .catch((error) => this.#logger.error("A probe failed: {error}", { error }))
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }
}
