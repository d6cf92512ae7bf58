import {
  FIRST_PINGS,
  MAX_PATIENCE,
  OWN_STALL_MS,
  PING_AGAIN_MS,
  SLOW_ROUND_TRIP_MS,
} from "../base/defaults.ts";
import type { Heartbeat, MeshTimings } from "../base/timings.ts";

/** The heartbeat of one connected peer. Times are of `Clock.elapsed`. */
export interface Pulse {
  readonly timings: MeshTimings;
  readonly closely: boolean;
  readonly misses: number;
  /** Pings still to be sent at once, to learn the round trip. */
  readonly burst: number;
  /** Slow answers in a row, the burst's aside: they are looked at again soon, and ever later. */
  readonly slow: number;
  /** When the next thing is due: the next ping, or the end of waiting for the last. */
  readonly dueAt: number;
  readonly waiting: boolean;
  /**
   * How many times as long as usual an answer is waited for: more after each late answer, and after
   * each moment in which this process itself was late; less after each answer in time.
   */
  readonly patience: number;
}

export type PulseEvent =
  | { readonly type: "timer" }
  | { readonly type: "pong"; readonly rttMs: number }
  | { readonly type: "closely"; readonly closely: boolean };

export type PulseAction = "ping" | "probe" | "none";

export interface PulseStep {
  readonly pulse: Pulse;
  readonly action: PulseAction;
}

/** A new connection is pinged at once. */
export function firstPulse(now: number, closely: boolean, timings: MeshTimings): Pulse {
  const burst = FIRST_PINGS;
  return { timings, closely, misses: 0, burst, slow: 0, dueAt: now, waiting: false, patience: 1 };
}

/** Decides what one event means for the heartbeat with one peer. Performs nothing. */
export function beat(pulse: Pulse, event: PulseEvent, now: number): PulseStep {
  if (event.type === "pong") return answered(pulse, event.rttMs, now);
  if (event.type === "closely") return watched(pulse, event.closely, now);
  if (now < pulse.dueAt) return { pulse, action: "none" };
  if (!pulse.waiting) return ping(pulse, now);
  if (now - pulse.dueAt > OWN_STALL_MS) {
    return { pulse: rest(moreOf(pulse), now), action: "none" };
  }
  return missed(pulse, now);
}

function answered(pulse: Pulse, rttMs: number, now: number): PulseStep {
  const isLate = rttMs > usual(pulse).timeoutMs;
  const patient = isLate ? moreOf(pulse) : lessOf(pulse);
  if (!pulse.waiting) return { pulse: isLate ? patient : pulse, action: "none" };
  const burst = Math.max(pulse.burst - 1, 0);
  const slow = rttMs > SLOW_ROUND_TRIP_MS && burst === 0 ? pulse.slow + 1 : 0;
  const well = { ...patient, misses: 0, burst, slow, waiting: false };
  return burst > 0
    ? ping(well, now)
    : { pulse: { ...well, dueAt: now + interval(well) }, action: "none" };
}

function watched(pulse: Pulse, closely: boolean, now: number): PulseStep {
  const changed = { ...pulse, closely };
  const dueAt = Math.min(pulse.dueAt, now + (pulse.waiting ? timeout(changed) : interval(changed)));
  return { pulse: { ...changed, dueAt }, action: "none" };
}

function ping(pulse: Pulse, now: number): PulseStep {
  return { pulse: rest(pulse, now), action: "ping" };
}

/** Waits for the answer to a ping, from now on. */
function rest(pulse: Pulse, now: number): Pulse {
  return { ...pulse, waiting: true, dueAt: now + timeout(pulse) };
}

function missed(pulse: Pulse, now: number): PulseStep {
  const misses = pulse.misses + 1;
  if (misses < usual(pulse).misses) return ping({ ...pulse, misses }, now);
  const dueAt = now + interval(pulse);
  return { pulse: { ...pulse, misses: 0, burst: 0, waiting: false, dueAt }, action: "probe" };
}

function interval(pulse: Pulse): number {
  const { intervalMs } = usual(pulse);
  const { closely, slow } = pulse;
  return closely || slow === 0 ? intervalMs : Math.min(PING_AGAIN_MS * 2 ** (slow - 1), intervalMs);
}

function timeout(pulse: Pulse): number {
  return usual(pulse).timeoutMs * pulse.patience;
}

function usual({ closely, timings }: Pulse): Heartbeat {
  return closely ? timings.close : timings.wide;
}

function moreOf(pulse: Pulse): Pulse {
  return { ...pulse, patience: Math.min(pulse.patience + 1, MAX_PATIENCE) };
}

function lessOf(pulse: Pulse): Pulse {
  return { ...pulse, patience: Math.max(pulse.patience - 1, 1) };
}
