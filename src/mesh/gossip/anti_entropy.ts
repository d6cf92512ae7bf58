import type { Clock } from "../base/clock.ts";
import {
  differingBuckets,
  type Digest,
  digestOf,
  exchangeFor,
  recordsOf,
  versionsIn,
} from "./digest.ts";
import { DIGEST_LIFE_MS } from "../base/defaults.ts";
import type { EntropyMessage } from "./gossip_messages.ts";
import type { GossipLinks } from "./peer_links.ts";
import type { Newcomers } from "./newcomers.ts";
import type { Roster } from "./roster.ts";
import type { PeerId } from "../base/peer_id.ts";

/** Heals what pushes have missed: each round it compares itself with one neighbour. */
export class AntiEntropy {
  readonly #roster: Roster;
  readonly #gossip: GossipLinks;
  readonly #newcomers: Pick<Newcomers, "wanted">;
  readonly #clock: Pick<Clock, "elapsed">;
  readonly #random: () => number;
  #lastDigest: Digest = [];
  #digestOf = -1;
  #digestAt = 0;

  constructor(
    { roster, newcomers, gossip, clock, random }: {
      readonly roster: Roster;
      readonly newcomers: Pick<Newcomers, "wanted">;
      readonly gossip: GossipLinks;
      readonly clock: Pick<Clock, "elapsed">;
      readonly random: () => number;
    },
  ) {
    this.#roster = roster;
    this.#newcomers = newcomers;
    this.#gossip = gossip;
    this.#clock = clock;
    this.#random = random;
  }

  /** Compares with a neighbour by chance. */
  round(): void {
    const peers = this.#gossip.peers();
    const peer = peers[Math.floor(this.#random() * peers.length)];
    if (peer !== undefined) this.compare(peer);
  }

  compare(peer: PeerId): void {
    this.#gossip.tell(peer, ["digest", this.#digest()]);
  }

  received(message: EntropyMessage, from: PeerId): void {
    const { membership } = this.#roster;
    const now = this.#clock.elapsed();
    if (message[0] === "want") {
      this.#gossip.send(from, recordsOf(membership, message[1]));
    } else if (message[0] === "digest") {
      const buckets = differingBuckets(this.#digest(), message[1]);
      if (buckets.length === 0) return;
      this.#gossip.tell(from, ["versions", buckets, versionsIn(membership, buckets, now)]);
    } else {
      const [, buckets, versions] = message;
      const { give, want } = exchangeFor(membership, { buckets, versions, now });
      this.#gossip.send(from, give);
      const asked = this.#newcomers.wanted(want, from);
      if (asked.length > 0) this.#gossip.tell(from, ["want", asked]);
    }
  }

  /** Made anew where something has changed; tombstones may age by a minute meanwhile. */
  #digest(): Digest {
    const { membership, revision } = this.#roster;
    const now = this.#clock.elapsed();
    if (revision !== this.#digestOf || now - this.#digestAt > DIGEST_LIFE_MS) {
      this.#lastDigest = digestOf(membership, now);
      this.#digestOf = revision;
      this.#digestAt = now;
    }
    return this.#lastDigest;
  }
}
