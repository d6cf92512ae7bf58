import { pause } from "../../base/pause.ts";
import { CHECK_INTERVAL_MS, CHECK_TIMEOUT_MS, DOUBT_INTERVAL_MS } from "../base/defaults.ts";
import { isWorthAsking, type Sample, UNWATCHED, type Watched, watched } from "./freeze.ts";
import { askHealth } from "./health.ts";
import { type Vitals, vitalsOf } from "./vitals.ts";

export interface FreezeWatchOptions {
  /** `null` while it is not known. */
  readonly pid: () => number | null;
  /**
   * The port on which it answers `/health`; `null` for a server that can't be asked, as an rpc-server with its one
   * client.
   */
  readonly healthPort: number | null;
  /** It has been healthy. */
  readonly isReady: () => boolean;
  readonly signal: AbortSignal;
}

/** Watches a server until it is frozen, and resolves with the reason; with `null` once the signal has fired. */
export async function untilFrozen(options: FreezeWatchOptions): Promise<string | null> {
  const { signal } = options;
  let watch = UNWATCHED;
  while (!signal.aborted) {
    const pauseMs = watch.doubt === null ? CHECK_INTERVAL_MS : DOUBT_INTERVAL_MS;
    await pause(pauseMs, signal);
    const sample = signal.aborted ? undefined : await sampleOf(options, watch);
    if (sample === undefined) continue;
    watch = watched(watch, sample);
    if (watch.frozen !== null && !signal.aborted) return watch.frozen;
  }
  return null;
}

/**
 * The process is looked at after a question once more: what it does meanwhile counts. A server that works is not asked:
 * that costs it and this process more than all the rest.
 */
async function sampleOf(
  { pid, healthPort, isReady }: FreezeWatchOptions,
  watch: Watched,
): Promise<Sample | undefined> {
  const atMs = performance.now();
  const known = pid();
  if (known === null) return undefined;
  const first = CHECK_COSTS_A_PROCESS ? undefined : await vitalsOf(known);
  const isAsked = healthPort !== null && (first === undefined || isWorthAsking(first, watch));
  if (!isAsked && first !== undefined) return { ...first, atMs, silent: false, ready: isReady() };
  const health = isAsked ? await askHealth(healthPort, CHECK_TIMEOUT_MS) : null;
  const answers = health === "healthy" || health === "unhealthy";
  const vitals = answers && CHECK_COSTS_A_PROCESS ? AWAKE : await vitalsOf(known);
  return vitals && { ...vitals, atMs, silent: health === "silent", ready: isReady() };
}

/** Without `/proc` a sample of a process is a process of its own: not for one that has just answered. */
const CHECK_COSTS_A_PROCESS = Deno.build.os !== "linux";
const AWAKE: Vitals = { activity: "running", work: 0 };
