import type { Link } from "./capability.ts";
import { BadMessageError } from "./cbor.ts";
import type { Clock } from "./clock.ts";
import type { Counters } from "./counters.ts";
import { RECORD_RATE } from "./defaults.ts";
import { RateExceededError, StaleMessageError } from "./errors.ts";
import type { PeerNetwork } from "./peer_network.ts";
import { RateLimiter } from "./rate_limit.ts";
import { type MeshRecord, openRecord } from "./record.ts";
import type { Trust } from "./trust.ts";
import type { PeerId } from "./types.ts";

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
