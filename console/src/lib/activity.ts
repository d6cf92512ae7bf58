/** Finished requests as bars and as series over time. Pure. */

import type { LogLine, RequestRecord } from "../../../src/api/base/types.ts";
import type { MemorySample } from "./live_state.ts";
import { BUCKET_MS, BUCKETS, RATE_SPAN_MIN_MS, RATE_WINDOW_MS } from "./defaults.ts";

export type PhaseName = "queue" | "network" | "prompt" | "generation";

export const PHASE_TITLES: Record<PhaseName, string> = {
  queue: "waiting",
  network: "network",
  prompt: "prompt",
  generation: "answer",
};

export interface Phase {
  readonly name: PhaseName;
  readonly ms: number;
}

/** The parts of a request's time. They add up to the whole. */
export function phasesOf({ queueMs, connectMs, firstByteMs, totalMs }: RequestRecord): Phase[] {
  const queue = Math.min(queueMs, totalMs);
  const network = Math.min(connectMs ?? 0, totalMs - queue);
  const begun = Math.max(queue + network, Math.min(firstByteMs ?? totalMs, totalMs));
  const all: Phase[] = [
    { name: "queue", ms: queue },
    { name: "network", ms: network },
    { name: "prompt", ms: begun - queue - network },
    { name: "generation", ms: totalMs - begun },
  ];
  return all.filter(({ ms }) => ms > 0);
}

/** Tokens a second while the answer came; `null` for one that came in one piece, which says nothing of when it was made. */
export function rateOf(
  { tokensOut, firstByteMs, totalMs, streamed }: RequestRecord,
): number | null {
  if (tokensOut === null || firstByteMs === null || tokensOut < 2 || !streamed) return null;
  const ms = totalMs - firstByteMs;
  return ms >= RATE_SPAN_MIN_MS ? (tokensOut / ms) * 1000 : null;
}

export type OutcomeKind = "ok" | "gone" | "failed";

export interface Outcome {
  readonly kind: OutcomeKind;
  readonly text: string;
}

const CALLER_GONE = 499;

export function outcomeOf({ status, retries, continuations }: RequestRecord): Outcome {
  if (status === CALLER_GONE) return { kind: "gone", text: "given up by the caller" };
  if (status >= 400) return { kind: "failed", text: `failed (${status})` };
  if (continuations > 0) return { kind: "ok", text: "continued on another machine" };
  return { kind: "ok", text: retries > 0 ? "answered, not by the first" : "answered" };
}

export interface Series {
  /** Ends of the buckets, in seconds since the epoch, oldest first. */
  readonly times: readonly number[];
  /** Tokens a second, on average over each bucket. */
  readonly tokenRate: readonly number[];
  /** Requests that ended in each bucket. */
  readonly requests: readonly number[];
}

/** Tokens count where they were made: spread over the time of the answer. */
export function seriesOf(records: readonly RequestRecord[], nowMs: number): Series {
  const endMs = Math.ceil(nowMs / BUCKET_MS) * BUCKET_MS;
  const startMs = endMs - BUCKETS * BUCKET_MS;
  const tokens = new Array<number>(BUCKETS).fill(0);
  const requests = new Array<number>(BUCKETS).fill(0);
  const bucketOf = (ms: number) => Math.floor((ms - startMs) / BUCKET_MS);
  for (const record of records) {
    const arrived = Date.parse(record.time);
    const [from, to] = [arrived + (record.firstByteMs ?? 0), arrived + record.totalMs];
    const last = bucketOf(to);
    if (last >= 0 && last < BUCKETS) requests[last] = (requests[last] ?? 0) + 1;
    for (
      let bucket = Math.max(0, bucketOf(from));
      bucket <= Math.min(BUCKETS - 1, last);
      bucket++
    ) {
      const bucketStart = startMs + bucket * BUCKET_MS;
      const inside = Math.min(to, bucketStart + BUCKET_MS) - Math.max(from, bucketStart);
      const part = to > from ? inside / (to - from) : 1;
      tokens[bucket] = (tokens[bucket] ?? 0) + (record.tokensOut ?? 0) * part;
    }
  }
  return {
    times: tokens.map((_, bucket) => (startMs + (bucket + 1) * BUCKET_MS) / 1000),
    tokenRate: tokens.map((count) => count / (BUCKET_MS / 1000)),
    requests,
  };
}

/** Memory over time, up to now: what was said last holds until something else is said. */
export function memorySeries(
  samples: readonly MemorySample[],
  nowMs: number,
): { readonly times: readonly number[]; readonly values: readonly number[] } {
  const last = samples.at(-1);
  const all = last === undefined ? [] : [...samples, { ...last, atMs: Math.max(nowMs, last.atMs) }];
  return {
    times: all.map(({ atMs }) => atMs / 1000),
    values: all.map(({ usedBytes }) => usedBytes),
  };
}

/** Tokens a second of each machine, made for requests through this node, on average over the last while. */
export function hostRates(
  records: readonly RequestRecord[],
  nowMs: number,
): ReadonlyMap<string, number> {
  const rates = new Map<string, number>();
  for (const { host, tokensOut, time, totalMs } of records) {
    const endedMs = Date.parse(time) + totalMs;
    if (host === null || !tokensOut || nowMs - endedMs > RATE_WINDOW_MS) continue;
    rates.set(host, (rates.get(host) ?? 0) + tokensOut / (RATE_WINDOW_MS / 1000));
  }
  return rates;
}

export interface LogFilter {
  readonly text: string;
  /** Warnings and errors only. */
  readonly trouble: boolean;
}

const TROUBLE = new Set(["warning", "error", "fatal"]);

export function isTrouble({ level }: Pick<LogLine, "level">): boolean {
  return TROUBLE.has(level);
}

export function filterLines<Line extends LogLine>(
  lines: readonly Line[],
  { text, trouble }: LogFilter,
): Line[] {
  const wanted = text.toLowerCase();
  return lines.filter((line) =>
    (!trouble || isTrouble(line)) &&
    `${line.event} ${line.message}`.toLowerCase().includes(wanted)
  );
}

/** The output of llama.cpp has no levels; its own words for trouble stand in for them. */
export function filterText(log: string, { text, trouble }: LogFilter): string[] {
  const wanted = text.toLowerCase();
  return log.split("\n").filter((line) =>
    line !== "" && line.toLowerCase().includes(wanted) &&
    (!trouble || /\b(error|warn(ing)?|fail(ed|ure)?|fatal|abort)/i.test(line))
  );
}
