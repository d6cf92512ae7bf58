import {
  CLOSE_HEARTBEAT_MS,
  CLOSE_HEARTBEAT_TIMEOUT_MS,
  FIRST_PINGS,
  HEARTBEAT_MS,
  HEARTBEAT_TIMEOUT_MS,
  MISSES_BEFORE_PROBE,
  OWN_STALL_MS,
} from "./defaults.ts";

/** What is known of one connected peer's heartbeat. Times are of `Clock.elapsed`. */
export interface Pulse {
  readonly closely: boolean;
  readonly misses: number;
  /** Pings still to be sent at once, to learn the round trip. */
  readonly burst: number;
  /** When the next thing is due: the next ping, or the end of waiting for the last. */
  readonly dueAt: number;
  readonly waiting: boolean;
}

export type PulseEvent =
  | { readonly type: "timer" }
  | { readonly type: "pong" }
  | { readonly type: "closely"; readonly closely: boolean };

export type PulseAction = "ping" | "probe" | "none";

export interface PulseStep {
  readonly pulse: Pulse;
  readonly action: PulseAction;
}

/** A new connection is pinged at once. */
export function firstPulse(now: number, closely: boolean): Pulse {
  return { closely, misses: 0, burst: FIRST_PINGS, dueAt: now, waiting: false };
}

/** Decides what one event means for the heartbeat with one peer. Performs nothing. */
export function beat(pulse: Pulse, event: PulseEvent, now: number): PulseStep {
  if (event.type === "pong") return answered(pulse, now);
  if (event.type === "closely") return watched(pulse, event.closely, now);
  if (now < pulse.dueAt) return { pulse, action: "none" };
  if (!pulse.waiting) return ping(pulse, now);
  if (now - pulse.dueAt > OWN_STALL_MS) return { pulse: rest(pulse, now), action: "none" };
  return missed(pulse, now);
}

function answered(pulse: Pulse, now: number): PulseStep {
  if (!pulse.waiting) return { pulse, action: "none" };
  const burst = Math.max(pulse.burst - 1, 0);
  const well = { ...pulse, misses: 0, burst, waiting: false };
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
  if (misses < MISSES_BEFORE_PROBE) return ping({ ...pulse, misses }, now);
  const dueAt = now + interval(pulse);
  return { pulse: { ...pulse, misses: 0, burst: 0, waiting: false, dueAt }, action: "probe" };
}

function interval({ closely }: Pulse): number {
  return closely ? CLOSE_HEARTBEAT_MS : HEARTBEAT_MS;
}

function timeout({ closely }: Pulse): number {
  return closely ? CLOSE_HEARTBEAT_TIMEOUT_MS : HEARTBEAT_TIMEOUT_MS;
}
