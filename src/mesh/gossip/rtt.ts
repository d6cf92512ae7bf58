import { RTT_SAMPLES } from "../base/defaults.ts";

/** Round trips to one peer, and the bucket that others are told: each is twice as wide as the one below. */
export interface RttTrack {
  /** The newest last. */
  readonly samplesMs: readonly number[];
  /** Upper end of the bucket; `undefined` until measured. */
  readonly bucketMs: number | undefined;
}

export const UNMEASURED: RttTrack = { samplesMs: [], bucketMs: undefined };

/**
 * Below a third of a millisecond only the machine's own load is measured. Doubled often enough this is 80 ms,
 * the limit of a split: it has to be the edge of a bucket, or who is 70 ms away would be taken for too far.
 */
const MIN_BUCKET_MS = 80 / 256;
/** Half a minute and more: by then the connection is gone. */
const MAX_BUCKET_MS = MIN_BUCKET_MS * 2 ** 17;

/** How far beyond its bucket's edge an RTT must lie to leave it. Chosen by feel. */
const HYSTERESIS = 1.25;

/**
 * Counts one round trip. The best of the last few stands for the path: all that load and queues do
 * is to add to it.
 */
export function addSample(track: RttTrack, sampleMs: number): RttTrack {
  const samplesMs = [...track.samplesMs, sampleMs].slice(-RTT_SAMPLES);
  return { samplesMs, bucketMs: nextBucket(track.bucketMs, Math.min(...samplesMs)) };
}

/** The path's round trip as far as it is known; `undefined` until measured. */
export function measuredMs({ samplesMs }: RttTrack): number | undefined {
  return samplesMs.length === 0 ? undefined : Math.min(...samplesMs);
}

/** A value near an edge stays in the bucket where it was, so that drift does not flap plans. */
export function nextBucket(currentMs: number | undefined, rttMs: number): number {
  const leaves = currentMs === undefined || rttMs > currentMs * HYSTERESIS ||
    rttMs < currentMs / 2 / HYSTERESIS;
  return leaves ? bucketOf(rttMs) : currentMs;
}

function bucketOf(rttMs: number): number {
  const doublings = Math.ceil(Math.log2(Math.max(rttMs / MIN_BUCKET_MS, 1)));
  return Math.min(MIN_BUCKET_MS * 2 ** doublings, MAX_BUCKET_MS);
}
