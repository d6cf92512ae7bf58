import { RTT_SAMPLES } from "./defaults.ts";

/** Round trips to one peer, and the power of two that others are told. */
export interface RttTrack {
  /** The newest last. */
  readonly samplesMs: readonly number[];
  /** Upper end of the bucket; `undefined` until measured. */
  readonly bucketMs: number | undefined;
}

export const UNMEASURED: RttTrack = { samplesMs: [], bucketMs: undefined };

/** A quarter of a millisecond: below it only the machine's own load is measured. */
const MIN_BUCKET_MS = 0.25;
/** Half a minute: by then the connection is gone. */
const MAX_BUCKET_MS = 32_768;

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

/** A value near an edge stays in the bucket where it was, so that drift does not flap plans. */
export function nextBucket(currentMs: number | undefined, rttMs: number): number {
  const leaves = currentMs === undefined || rttMs > currentMs * HYSTERESIS ||
    rttMs < currentMs / 2 / HYSTERESIS;
  return leaves ? bucketOf(rttMs) : currentMs;
}

function bucketOf(rttMs: number): number {
  const bucket = 2 ** Math.ceil(Math.log2(Math.max(rttMs, MIN_BUCKET_MS)));
  return Math.min(bucket, MAX_BUCKET_MS);
}
