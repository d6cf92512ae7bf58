import {
  FAILED_HOST_MS,
  OPEN_PATIENCE_FIRST_MS,
  OPEN_PATIENCE_MIN_MS,
  SLOW_HOST_MS,
} from "../plan/defaults.ts";

/** A stream on a new connection: handshake, both messages of the join, the protocol of the stream, and some work. */
const ROUND_TRIPS_TO_OPEN = 5;

/** Of RFC 6298, by which TCP counts its round trips. */
const DEVIATIONS = 4;
const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;

/** How long streams to a host have taken to open. */
export interface OpenTimes {
  readonly meanMs: number;
  readonly deviationMs: number;
}

/** With one more that opened. Pure. */
export function afterOpening(times: OpenTimes | undefined, ms: number): OpenTimes {
  if (times === undefined) return { meanMs: ms, deviationMs: ms / 2 };
  const { meanMs, deviationMs } = times;
  return {
    meanMs: meanMs + MEAN_GAIN * (ms - meanMs),
    deviationMs: deviationMs + DEVIATION_GAIN * (Math.abs(ms - meanMs) - deviationMs),
  };
}

/**
 * How long the next stream to a host may take to open while another instance could be asked: a machine that
 * vanished says nothing. Doubles with each one that did not open. Pure.
 */
export function patienceMs(times: OpenTimes | undefined, failures: number): number {
  const usual = times === undefined
    ? OPEN_PATIENCE_FIRST_MS
    : ROUND_TRIPS_TO_OPEN * times.meanMs + DEVIATIONS * times.deviationMs;
  return Math.max(OPEN_PATIENCE_MIN_MS, usual) * 2 ** failures;
}

/** How long a host is asked last after so many streams in a row that did not open. Pure. @param failures from 1. */
export function avoidMs(failures: number): number {
  return Math.min(SLOW_HOST_MS * 2 ** (failures - 1), FAILED_HOST_MS);
}
