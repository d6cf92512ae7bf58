import type { Logger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { DeathWatch } from "./death_watch.ts";
import { MAX_CLOCK_AHEAD_MS, VERIFY_SLICE_MS } from "../base/defaults.ts";
import type { MemberChange } from "./membership.ts";
import type { Newcomers } from "./newcomers.ts";
import type { PeerLinks } from "./peer_links.ts";
import type { MeshRecord } from "./record.ts";
import type { Roster } from "./roster.ts";
import type { PeerId } from "../base/peer_id.ts";
import type { RecordSender } from "./record_sender.ts";

export interface RecordReceiverParts {
  readonly self: PeerId;
  readonly roster: Roster;
  readonly newcomers: Newcomers;
  readonly deaths: DeathWatch;
  readonly sender: RecordSender;
  readonly links: Pick<PeerLinks, "isConnected">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws where the bytes are no record of a member. */
  open(bytes: Uint8Array, from: PeerId): MeshRecord;
  /** A node waits to become a member. */
  waits(): void;
  changed(changes: readonly MemberChange[]): void;
}

/** Receives the records of peers: checks them, decides whether they are believed, and has them passed on. */
export class RecordReceiver {
  readonly #parts: RecordReceiverParts;
  #finished = false;

  constructor(parts: RecordReceiverParts) {
    this.#parts = parts;
  }

  /** Resolves when all of it is taken in: signatures take time, and this node has more to do. */
  async received(received: readonly Uint8Array[], from: PeerId): Promise<void> {
    const { clock } = this.#parts;
    let [changes, sinceMs]: [MemberChange[], number] = [[], clock.elapsed()];
    for (const bytes of received) {
      changes.push(...this.#take(bytes, from));
      if (clock.elapsed() - sinceMs < VERIFY_SLICE_MS) continue;
      this.#apply(changes, from);
      changes = [];
      await new Promise<void>((resolve) => clock.after(0, resolve));
      if (this.#finished) return;
      sinceMs = clock.elapsed();
    }
    this.#apply(changes, from);
  }

  /** A peer knows these nodes as well: of some that is what was still to be heard. */
  mentioned(peers: readonly PeerId[], from: PeerId): void {
    for (const record of this.#parts.newcomers.mentioned(peers, from)) this.believe(record, from);
  }

  /** The record is true, and told to others. */
  believe(record: MeshRecord, from: PeerId): void {
    const { roster } = this.#parts;
    roster.confirm(record.subject);
    this.#apply(roster.accept([record]), from);
  }

  finish(): void {
    this.#finished = true;
  }

  /** One record of a message. */
  #take(bytes: Uint8Array, from: PeerId): readonly MemberChange[] {
    const { roster, newcomers, sender, waits } = this.#parts;
    const known = roster.find(bytes);
    if (known !== undefined) {
      sender.heardAgain(known, from);
      this.mentioned([known.subject], from);
      return [];
    }
    const record = newcomers.find(bytes, from) ?? this.#verify(bytes, from);
    if (record === undefined || this.#isUntimely(record) || this.#concernsUs(record)) return [];
    const verdict = newcomers.judge(record, from);
    if (verdict === "waits") waits();
    if (verdict === "waits" || verdict === "refused") return [];
    return roster.accept([record], verdict === "hearsay");
  }

  /** The end of a life that cannot have begun yet: nobody could ever tell the end of the one above it. */
  #isUntimely({ status, subject, incarnation }: MeshRecord): boolean {
    if (status !== "dead") return false;
    const known = this.#parts.roster.recordOf(subject)?.incarnation ?? 0;
    return incarnation > Math.max(known, this.#parts.clock.now() + MAX_CLOCK_AHEAD_MS);
  }

  /** A record about this node, or against a peer that it is connected to: this node knows better. */
  #concernsUs(record: MeshRecord): boolean {
    const { self, links, sender, deaths } = this.#parts;
    if (record.subject === self) {
      sender.refute(record);
      return true;
    }
    if (record.status !== "dead" || !links.isConnected(record.subject)) return false;
    deaths.contest(record);
    return true;
  }

  #verify(bytes: Uint8Array, from: PeerId): MeshRecord | undefined {
    try {
      return this.#parts.open(bytes, from);
    } catch (error) {
      this.#parts.logger.debug("Dropped a record from {from}: {error}", { from, error });
      return undefined;
    }
  }

  #apply(changes: readonly MemberChange[], from: PeerId): void {
    if (changes.length === 0) return;
    for (const { record } of changes) this.#parts.sender.heard(record, from);
    this.#parts.changed(changes);
  }
}
