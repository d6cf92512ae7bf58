import { type RttTrack, UNMEASURED } from "./rtt.ts";
import type { PeerId } from "../base/peer_id.ts";

/**
 * The facts that this node has found out about one peer itself, beside the mesh's records of it. Times are of
 * `Clock.elapsed`.
 */
export interface Contact {
  rtt: RttTrack;
  /** The address at which it was last reached. */
  lastGood: string | undefined;
  /** Since when this node knows it by a gossip link. */
  metSinceMs: number | undefined;
  /** It was connected since this node last declared it dead. */
  isMet: boolean;
  /** The life that this node has declared dead. */
  declaredDead: number | undefined;
  /** It needs no connection any more: the end of that says nothing. */
  isParted: boolean;
  /** It was dialled and stands by: it comes by itself. */
  standsBy: boolean;
}

/** Which peers are still of interest. */
export interface KeptContacts {
  /** The peer is connected, or the roster has not forgotten it. */
  isHere(peer: PeerId): boolean;
  /** The peer is one to start from: that it stands by is worth knowing for as long. */
  isStored(peer: PeerId): boolean;
}

/**
 * One record for each peer that this node has had to do with. Several parts write into it, each into fields of its own; one
 * place clears it, so that nothing is left of a peer that the mesh has forgotten.
 */
export class Contacts {
  readonly #contacts = new Map<PeerId, Contact>();

  find(peer: PeerId): Readonly<Contact> | undefined {
    return this.#contacts.get(peer);
  }

  /** The peer's record, to write into: a new one where there is none. */
  of(peer: PeerId): Contact {
    const contact = this.#contacts.get(peer) ?? newContact();
    this.#contacts.set(peer, contact);
    return contact;
  }

  /** The same, where there is something to take back. */
  update(peer: PeerId, changes: Partial<Contact>): void {
    const contact = this.#contacts.get(peer);
    if (contact !== undefined) Object.assign(contact, changes);
  }

  forgetOthers({ isHere, isStored }: KeptContacts): void {
    // Of a copy: a record that is made anew would be visited again, without end.
    for (const [peer, { standsBy }] of [...this.#contacts]) {
      if (isHere(peer)) continue;
      this.#contacts.delete(peer);
      if (standsBy && isStored(peer)) this.of(peer).standsBy = true;
    }
  }
}

function newContact(): Contact {
  return {
    rtt: UNMEASURED,
    lastGood: undefined,
    metSinceMs: undefined,
    isMet: false,
    declaredDead: undefined,
    isParted: false,
    standsBy: false,
  };
}
