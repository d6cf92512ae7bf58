import type { Logger } from "@logtape/logtape";
import { announcementSchema, announcementToWire } from "./announcement_wire.ts";
import { equalValues } from "../base/equal_values.ts";
import { MAX_ANNOUNCEMENT_BYTES } from "../base/message_defaults.ts";
import { fitAnnouncement } from "./fit_announcement.ts";
import { compareRecords } from "./membership.ts";
import { MAX_NOTICED_VERSION } from "../base/names.ts";
import type { MeshRecord, RecordContent } from "./record.ts";
import type { Roster } from "./roster.ts";
import type { Announcement, AnnouncementContent } from "../base/announcement.ts";
import type { PeerId } from "../base/peer_id.ts";

/** Goes up where another life of this node was seen, and is kept in the data directory. */
export interface IncarnationCounter {
  readonly incarnation: number;
  rise(above: number): void;
}

export interface OwnRecordsParts {
  readonly self: PeerId;
  readonly roster: Pick<Roster, "recordOf" | "accept">;
  readonly counter: IncarnationCounter;
  readonly logger: Logger;
  sign(content: RecordContent): MeshRecord;
  /** This node's knowledge of itself beside the announcement that it was given. */
  connectivity(): Pick<Announcement, "addresses" | "relays" | "rttsMs">;
}

/** The records that this node signs: about itself, each above all that went before, and about peers that are dead. */
export class OwnRecords {
  readonly #parts: OwnRecordsParts;
  #content: AnnouncementContent | undefined;
  /** The last announcement without its version. */
  #told: Announcement | undefined;
  #seq = 0;

  constructor(parts: OwnRecordsParts) {
    this.#parts = parts;
  }

  /** Says something new of this node; `undefined` where it is what was said before. */
  announce(content: AnnouncementContent): MeshRecord | undefined {
    if (this.#content !== undefined && equalValues(content, this.#content)) return undefined;
    this.#content = content;
    return this.refresh();
  }

  /** Says anew what has changed around this node; `undefined` where nothing has. */
  refresh(): MeshRecord | undefined {
    if (this.#content === undefined) return undefined;
    const draft = this.#describe(this.#content);
    if (this.#told !== undefined && equalValues(draft, this.#told)) return undefined;
    this.#told = draft;
    return this.#publish(draft);
  }

  /** Says the same again, under the certificates that this node signs with now. */
  renew(): MeshRecord | undefined {
    return this.#content === undefined ? undefined : this.#publish(this.#describe(this.#content));
  }

  /** Another record of this node is about; answers with one that goes above it, where it is the higher. */
  refute(record: MeshRecord): MeshRecord | undefined {
    const { counter, self } = this.#parts;
    const own = this.#parts.roster.recordOf(self);
    if (record.incarnation < counter.incarnation) return undefined;
    if (own !== undefined && compareRecords(record, own) <= 0) return undefined;
    if (record.incarnation > counter.incarnation) counter.rise(record.incarnation);
    this.#seq = Math.max(this.#seq, record.seq);
    if (this.#seq > MAX_NOTICED_VERSION / 2) this.#beginAnew();
    return this.#content === undefined ? undefined : this.#publish(this.#describe(this.#content));
  }

  /** Somebody has used up the numbers of this life. */
  #beginAnew(): void {
    const { counter } = this.#parts;
    counter.rise(counter.incarnation);
    this.#seq = 0;
  }

  /** A notice that the peer's present life is over; `undefined` where it has none. */
  deathNotice(peer: PeerId): MeshRecord | undefined {
    const version = this.#parts.roster.recordOf(peer);
    if (version === undefined || version.status !== "alive") return undefined;
    return this.#parts.sign({ status: "dead", subject: peer, version });
  }

  /** The last thing this node says; `undefined` where it never said anything. */
  goodbye(): MeshRecord | undefined {
    const { self, sign } = this.#parts;
    const version = this.#parts.roster.recordOf(self);
    if (version === undefined) return undefined;
    return sign({ status: "left", subject: self, version });
  }

  #describe(content: AnnouncementContent): Announcement {
    const { self: peer, connectivity } = this.#parts;
    return fitAnnouncement({ ...content, ...connectivity(), peer, incarnation: 0, seq: 0 });
  }

  /** An announcement that no other node would accept is not sent, and the last one stays: it must not end this node. */
  #publish(draft: Announcement): MeshRecord | undefined {
    const { counter: { incarnation }, sign } = this.#parts;
    const announcement = { ...draft, incarnation, seq: this.#seq + 1 };
    const issue = announcementSchema.safeParse(announcementToWire(announcement)).error?.issues[0];
    if (issue !== undefined) return this.#refuse(`${issue.path.join(".")}: ${issue.message}`);
    const record = sign({ status: "alive", announcement });
    const { byteLength } = record.bytes;
    if (byteLength > MAX_ANNOUNCEMENT_BYTES) {
      return this.#refuse(`${byteLength} bytes are too many`);
    }
    this.#seq += 1;
    this.#parts.roster.accept([record]);
    return record;
  }

  #refuse(problem: string): undefined {
    this.#parts.logger.error(
      "Cannot announce what this node does, so the mesh goes on with what it said last: {problem}",
      { event: "unannounced", problem },
    );
  }
}
