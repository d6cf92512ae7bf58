import { MAX_WAITING, WAITING_A_TELLER, WAITING_MS } from "../base/defaults.ts";
import { markOf } from "./digest.ts";
import { compareBytes } from "./membership.ts";
import type { MeshRecord } from "./record.ts";
import type { PeerId } from "../base/peer_id.ts";

interface Waiting {
  readonly record: MeshRecord;
  /** The peers that report it, the first of them first. */
  readonly tellers: Set<PeerId>;
  readonly sinceMs: number;
  /** It was dialled, and does not answer. */
  readonly isSilent: boolean;
}

/** Records of nodes that are no members yet: few in all, fewer by one teller, and none for long. Time is an argument. */
export class WaitingRoom {
  readonly #waiting = new Map<PeerId, Waiting>();

  recordOf(peer: PeerId): MeshRecord | undefined {
    return this.#waiting.get(peer)?.record;
  }

  tellersOf(peer: PeerId): ReadonlySet<PeerId> {
    return this.#waiting.get(peer)?.tellers ?? new Set();
  }

  /** The record of these bytes: checked before, and reported by one more. */
  find(bytes: Uint8Array, from: PeerId): MeshRecord | undefined {
    for (const { record, tellers } of this.#waiting.values()) {
      if (markOf(record.bytes) !== markOf(bytes) || compareBytes(record.bytes, bytes) !== 0) {
        continue;
      }
      tellers.add(from);
      return record;
    }
    return undefined;
  }

  /** The record waits from now on, in place of an earlier one of its node; false where there is no room. */
  enter(record: MeshRecord, tellers: ReadonlySet<PeerId>, nowMs: number): boolean {
    const known = this.#waiting.get(record.subject);
    if (known === undefined && !this.#hasRoom(tellers)) return false;
    const { sinceMs = nowMs, isSilent = false } = known ?? {};
    this.#waiting.set(record.subject, { record, tellers: new Set(tellers), sinceMs, isSilent });
    return true;
  }

  leave(peer: PeerId): void {
    this.#waiting.delete(peer);
  }

  /** The peer was dialled often enough. */
  silent(peer: PeerId): void {
    const waiting = this.#waiting.get(peer);
    if (waiting !== undefined) this.#waiting.set(peer, { ...waiting, isSilent: true });
  }

  /** Those that may answer when they are dialled. */
  toDial(): PeerId[] {
    return [...this.#waiting].flatMap(([peer, { isSilent }]) => isSilent ? [] : [peer]);
  }

  /** Forgets those that have waited too long. */
  tidy(nowMs: number): void {
    for (const [peer, { sinceMs }] of this.#waiting) {
      if (nowMs - sinceMs >= WAITING_MS) this.#waiting.delete(peer);
    }
  }

  #hasRoom([first]: Iterable<PeerId>): boolean {
    const all = [...this.#waiting.values()];
    const ofFirst = all.filter(({ tellers }) => tellers.values().next().value === first).length;
    return ofFirst < WAITING_A_TELLER && all.length < MAX_WAITING;
  }
}
