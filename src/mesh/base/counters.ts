/** The refusals of this node, by reason. */
export const COUNTED = [
  "connectionsLimited",
  "pairingsRefused",
  "joinsRefused",
  "joinsLimited",
  "joinsCrowdedOut",
  "streamsForbidden",
  "streamsLimited",
  "recordsBad",
  "recordsStale",
  "recordsLimited",
  "gossipLimited",
  "revocationsBad",
  "cutMisconduct",
  "cutRevoked",
  "cutExpired",
  "cutCopy",
  "lanesRefused",
  "lanesSilent",
  "lanesCrowdedOut",
] as const;

export type Counted = typeof COUNTED[number];

/** Totals since the node started. */
export type MeshCounters = Readonly<Record<Counted, number>>;

export class Counters {
  readonly #counts = Object.fromEntries(COUNTED.map((what) => [what, 0])) as Record<
    Counted,
    number
  >;

  count(what: Counted): void {
    this.#counts[what] += 1;
  }

  snapshot(): MeshCounters {
    return { ...this.#counts };
  }
}
