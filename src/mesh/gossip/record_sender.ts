import type { Cancel, Clock } from "../base/clock.ts";
import { SURROUNDINGS_MS } from "../base/defaults.ts";
import { surroundingsEveryMs } from "./overlay.ts";
import type { OwnRecords } from "./own_records.ts";
import type { GossipLinks } from "./peer_links.ts";
import type { MeshRecord } from "./record.ts";
import { Relay, relayTargets } from "./relay.ts";
import type { Roster } from "./roster.ts";
import type { Announcement, AnnouncementContent } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface RecordSenderParts {
  readonly roster: Roster;
  readonly own: OwnRecords;
  readonly gossip: Pick<GossipLinks, "peers" | "send">;
  readonly clock: Clock;
  readonly random: () => number;
  /** A node's last announcement. */
  lastOf(peer: PeerId): Announcement | undefined;
  /** This node has announced something else. */
  changed(): void;
}

/** Sends records to the neighbours: news of this node, and news of others that it passes on. */
export class RecordSender {
  readonly #parts: RecordSenderParts;
  readonly #relay: Relay;
  #cancelRefresh: Cancel | undefined;
  #refreshedAt = -Infinity;
  #finished = false;

  constructor(parts: RecordSenderParts) {
    this.#parts = parts;
    this.#relay = new Relay((record, heardFrom) => this.#passOn(record, heardFrom), parts.clock);
  }

  announce(content: AnnouncementContent): void {
    this.#publish(this.#parts.own.announce(content));
  }

  /** This node signs with other certificates. */
  renew(): void {
    this.#publish(this.#parts.own.renew());
  }

  /** Another record of this node is about. */
  refute(record: MeshRecord): void {
    this.#publish(this.#parts.own.refute(record));
  }

  /** Says at once what has changed around this node: only for what is rare. */
  refresh(): void {
    if (!this.#finished) this.#publish(this.#parts.own.refresh());
  }

  /** At once would be too often: many change in the same moments, and everybody hears of each. */
  refreshSoon(): void {
    if (this.#finished) return;
    const { clock, roster, own } = this.#parts;
    const mayAt = this.#refreshedAt + surroundingsEveryMs(roster.size);
    const waitMs = Math.max(SURROUNDINGS_MS, mayAt - clock.elapsed());
    this.#cancelRefresh ??= clock.after(waitMs, () => {
      this.#cancelRefresh = undefined;
      const record = own.refresh();
      if (record !== undefined) this.#refreshedAt = clock.elapsed();
      this.#publish(record);
    });
  }

  /** A record that was new to this node. */
  heard(record: MeshRecord, from: PeerId): void {
    if (!this.#parts.roster.isHearsay(record.subject)) this.#relay.heard(record, from);
  }

  /** Another peer has the record as well. */
  heardAgain(record: MeshRecord, from: PeerId): void {
    this.#relay.heardAgain(record, from);
  }

  tellAll(record: MeshRecord): void {
    const { gossip } = this.#parts;
    for (const peer of gossip.peers()) gossip.send(peer, [record]);
  }

  /** Says goodbye, and nothing after it. */
  finish(): void {
    this.#finished = true;
    this.#cancelRefresh?.();
    this.#relay.stop();
    const goodbye = this.#parts.own.goodbye();
    if (goodbye !== undefined) this.tellAll(goodbye);
  }

  #publish(record: MeshRecord | undefined): void {
    if (record === undefined) return;
    this.tellAll(record);
    this.#parts.changed();
  }

  /** Unless there is newer of its node by now. */
  #passOn(record: MeshRecord, heardFrom: readonly PeerId[]): void {
    const { roster, gossip, random, lastOf } = this.#parts;
    if (roster.recordOf(record.subject) !== record) return;
    const [linked, members] = [gossip.peers(), roster.size];
    const told = lastOf(record.signer)?.rttsMs ?? {};
    const targets = relayTargets(record, { linked, heardFrom, told, members, random });
    for (const peer of targets) gossip.send(peer, [record]);
  }
}
