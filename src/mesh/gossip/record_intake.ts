import type { Link } from "../trust/capability.ts";
import { BadMessageError } from "../base/cbor.ts";
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { RECORD_RATE } from "../base/rate_defaults.ts";
import { RateExceededError, StaleMessageError } from "../base/errors.ts";
import type { PeerNetwork } from "../link/peer_network.ts";
import { RateLimiter } from "../base/rate_limit.ts";
import { type MeshRecord, openRecord } from "./record.ts";
import type { Trust } from "../trust/trust.ts";
import type { PeerId } from "../base/peer_id.ts";

export interface RecordIntakeParts {
  readonly meshKey: Uint8Array;
  readonly network: Pick<PeerNetwork, "misbehaved">;
  readonly trust: Pick<Trust, "revocationOf">;
  readonly counters: Counters;
  readonly clock: Pick<Clock, "now" | "elapsed">;
}

/** The door of gossip: what comes in is checked, counted, and held against who sent it. */
export class RecordIntake {
  readonly #parts: RecordIntakeParts;
  readonly #limiter = new RateLimiter(RECORD_RATE);

  constructor(parts: RecordIntakeParts) {
    this.#parts = parts;
  }

  /** @throws where the record is dropped. */
  open(bytes: Uint8Array, from: PeerId): MeshRecord {
    const { meshKey, network, trust, counters, clock } = this.#parts;
    if (!this.#limiter.allows(from, clock.elapsed())) {
      counters.count("recordsLimited");
      throw new RateExceededError(`${from} sends more records than are allowed`);
    }
    try {
      const revoked = (links: readonly Link[]) => trust.revocationOf(links) !== undefined;
      return openRecord(bytes, { meshKey, now: clock.now(), revoked });
    } catch (error) {
      if (error instanceof StaleMessageError) counters.count("recordsStale");
      if (error instanceof BadMessageError) {
        counters.count("recordsBad");
        network.misbehaved(from, error);
      }
      throw error;
    }
  }
}
