/** The meaning of one event for one server. Pure: nothing is started, ended or waited for here. */

import { BACKOFF_BASE_MS, BACKOFF_MAX_MS, STABLE_AFTER_MS } from "../base/defaults.ts";
import { isCrashCode } from "./crash.ts";
import type { ExitCause, ServerState } from "../base/types.ts";

/** A server's state and what its past means for the next crash. */
export interface Lifecycle {
  readonly state: ServerState;
  /** Crashes since the server last ran for long: they set the backoff. */
  readonly crashes: number;
  readonly readySinceMs: number | null;
}

export type LifecycleEvent =
  | { readonly type: "start" }
  | { readonly type: "healthy"; readonly port: number }
  | { readonly type: "frozen"; readonly reason: string }
  /** SIGKILL has not ended it: the system holds it, as for a driver that hangs. */
  | { readonly type: "held" }
  | { readonly type: "exited"; readonly exitCode: number | null; readonly cause: ExitCause }
  | { readonly type: "backoff-over" }
  | { readonly type: "grace-over" }
  | { readonly type: "stop" };

export type LifecycleEffect =
  | { readonly type: "spawn" }
  /** SIGTERM; `grace-over` follows if the child is still there after the grace. */
  | { readonly type: "terminate" }
  | { readonly type: "kill" }
  /** `backoff-over` follows after the delay. */
  | { readonly type: "retry"; readonly delayMs: number };

/** Everything that is not in the state: the clock, a random number in [0, 1), and whether crashes are repaired. */
export interface Circumstances {
  readonly nowMs: number;
  readonly random: number;
  readonly restart: boolean;
}

export interface Step {
  readonly lifecycle: Lifecycle;
  readonly effects: readonly LifecycleEffect[];
}

export const INITIAL: Lifecycle = {
  state: { kind: "stopped" },
  crashes: 0,
  readySinceMs: null,
};

/** Decides what one event means. An event that does not fit the state changes nothing. */
export function step(lifecycle: Lifecycle, event: LifecycleEvent, now: Circumstances): Step {
  const { state } = lifecycle;
  switch (event.type) {
    case "start":
      return state.kind === "stopped" ? starting(lifecycle) : unchanged(lifecycle);
    case "healthy":
      return state.kind === "starting" ? ready(lifecycle, event.port, now) : unchanged(lifecycle);
    case "frozen":
      return frozen(lifecycle, event.reason);
    case "held":
      return held(lifecycle);
    case "exited":
      return exited(lifecycle, event, now);
    case "backoff-over":
      return state.kind === "failed" && state.retryAtMs !== null
        ? starting(lifecycle)
        : unchanged(lifecycle);
    case "grace-over":
      return state.kind === "stopping"
        ? { lifecycle, effects: [{ type: "kill" }] }
        : unchanged(lifecycle);
    case "stop":
      return stopped(lifecycle);
  }
}

/** Exponential, with up to half of it taken off at random, so that many servers do not crash in step. */
export function backoffMs(crashes: number, random: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (crashes - 1));
  return Math.round(full * (1 - random / 2));
}

function unchanged(lifecycle: Lifecycle): Step {
  return { lifecycle, effects: [] };
}

function starting(lifecycle: Lifecycle): Step {
  const state: ServerState = { kind: "starting", attempt: lifecycle.crashes + 1 };
  return { lifecycle: { ...lifecycle, state, readySinceMs: null }, effects: [{ type: "spawn" }] };
}

function ready(lifecycle: Lifecycle, port: number, { nowMs }: Circumstances): Step {
  return unchanged({
    ...lifecycle,
    state: { kind: "ready", port },
    readySinceMs: nowMs,
  });
}

/** SIGTERM does not reach a process that is stopped. */
function frozen(lifecycle: Lifecycle, reason: string): Step {
  const { kind } = lifecycle.state;
  if (kind !== "starting" && kind !== "ready") return unchanged(lifecycle);
  return {
    lifecycle: { ...lifecycle, state: { kind: "frozen", reason } },
    effects: [{ type: "kill" }],
  };
}

/** Nobody waits for an end that may never come. When it comes, it is no news. */
function held(lifecycle: Lifecycle): Step {
  const { state } = lifecycle;
  if (state.kind !== "frozen") return unchanged(lifecycle);
  const reason = `${state.reason}, and the system does not let it end`;
  return unchanged({
    ...lifecycle,
    state: {
      kind: "failed",
      exitCode: null,
      cause: { text: `was frozen: ${reason}`, part: "model" },
      frozen: reason,
      retryAtMs: null,
    },
  });
}

function stopped(lifecycle: Lifecycle): Step {
  switch (lifecycle.state.kind) {
    case "starting":
    case "ready":
    case "frozen":
      // The port and the memory are free only once the process is gone, so its exit is waited for.
      return {
        lifecycle: { ...lifecycle, state: { kind: "stopping" } },
        effects: [{ type: "terminate" }],
      };
    case "failed":
      return unchanged({ ...lifecycle, state: { kind: "stopped" } });
    case "stopping":
    case "stopped":
      return unchanged(lifecycle);
  }
}

function exited(
  lifecycle: Lifecycle,
  { exitCode, cause }: Extract<LifecycleEvent, { type: "exited" }>,
  { nowMs, random, restart }: Circumstances,
): Step {
  const { state, readySinceMs } = lifecycle;
  if (state.kind === "stopping") return unchanged({ ...lifecycle, state: { kind: "stopped" } });
  const isFrozen = state.kind === "frozen";
  if (state.kind !== "starting" && state.kind !== "ready" && !isFrozen) return unchanged(lifecycle);
  const wasStable = readySinceMs !== null && nowMs - readySinceMs >= STABLE_AFTER_MS;
  // A server that had loaded and crashed met a request that it can't bear. Its other callers need not wait longer for that.
  const wasCaller = state.kind === "ready" && isCrashCode(exitCode);
  const crashes = wasStable || wasCaller ? 1 : lifecycle.crashes + 1;
  // A server that has not even loaded is tried again by the code that knows how often it failed, and that tells people
  // why.
  const givesUp = !restart || state.kind === "starting";
  const delayMs = backoffMs(crashes, random);
  const retryAtMs = givesUp ? null : nowMs + delayMs;
  return {
    lifecycle: {
      state: { kind: "failed", exitCode, cause, frozen: isFrozen ? state.reason : null, retryAtMs },
      crashes,
      readySinceMs: null,
    },
    effects: givesUp ? [] : [{ type: "retry", delayMs }],
  };
}
