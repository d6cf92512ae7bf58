import fc from "fast-check";
import assert from "node:assert/strict";
import {
  BACKOFF_BASE_MS,
  BACKOFF_MAX_MS,
  STABLE_AFTER_MS,
} from "../../../src/engine/base/defaults.ts";
import {
  backoffMs,
  type Circumstances,
  INITIAL,
  type Lifecycle,
  type LifecycleEvent,
  step,
} from "../../../src/engine/process/lifecycle.ts";

const now: Circumstances = { nowMs: 1_000_000, random: 0, restart: true };
const start: LifecycleEvent = { type: "start" };
const healthy: LifecycleEvent = { type: "healthy", port: 4321 };
const cause = { text: "GGML_ASSERT failed", part: "model" } as const;
const crash: LifecycleEvent = { type: "exited", exitCode: 134, cause };
const frozen: LifecycleEvent = { type: "frozen", reason: "a signal has stopped it" };
const backoffOver: LifecycleEvent = { type: "backoff-over" };
const graceOver: LifecycleEvent = { type: "grace-over" };
const stop: LifecycleEvent = { type: "stop" };

function after(events: readonly LifecycleEvent[], circumstances = now): Lifecycle {
  return events.reduce(
    (lifecycle, event) => step(lifecycle, event, circumstances).lifecycle,
    INITIAL,
  );
}

for (
  const { name, past, event, state, effects } of [
    { name: "start", past: [], event: start, state: "starting", effects: ["spawn"] },
    { name: "a second start", past: [start], event: start, state: "starting", effects: [] },
    { name: "health", past: [start], event: healthy, state: "ready", effects: [] },
    {
      name: "health of a child that stops",
      past: [start, stop],
      event: healthy,
      state: "stopping",
      effects: [],
    },
    { name: "a crash", past: [start, healthy], event: crash, state: "failed", effects: ["retry"] },
    {
      name: "the end of a backoff",
      past: [start, healthy, crash],
      event: backoffOver,
      state: "starting",
      effects: ["spawn"],
    },
    {
      name: "a stop while starting",
      past: [start],
      event: stop,
      state: "stopping",
      effects: ["terminate"],
    },
    {
      name: "a stop while ready",
      past: [start, healthy],
      event: stop,
      state: "stopping",
      effects: ["terminate"],
    },
    { name: "a second stop", past: [start, stop], event: stop, state: "stopping", effects: [] },
    {
      name: "a stop during a backoff",
      past: [start, healthy, crash],
      event: stop,
      state: "stopped",
      effects: [],
    },
    {
      name: "the end of a backoff after a stop",
      past: [start, crash, stop],
      event: backoffOver,
      state: "stopped",
      effects: [],
    },
    {
      name: "the end of the grace",
      past: [start, stop],
      event: graceOver,
      state: "stopping",
      effects: ["kill"],
    },
    {
      name: "the end of the grace of a child that is gone",
      past: [start, stop, crash],
      event: graceOver,
      state: "stopped",
      effects: [],
    },
    {
      name: "a freeze while ready",
      past: [start, healthy],
      event: frozen,
      state: "frozen",
      effects: ["kill"],
    },
    {
      name: "a freeze while loading",
      past: [start],
      event: frozen,
      state: "frozen",
      effects: ["kill"],
    },
    {
      name: "a freeze of a child that stops",
      past: [start, healthy, stop],
      event: frozen,
      state: "stopping",
      effects: [],
    },
    {
      name: "the end of a frozen child",
      past: [start, healthy, frozen],
      event: crash,
      state: "failed",
      effects: ["retry"],
    },
    {
      name: "a frozen child that the system holds",
      past: [start, healthy, frozen],
      event: { type: "held" },
      state: "failed",
      effects: [],
    },
    {
      name: "the end of a child that the system has held",
      past: [start, healthy, frozen, { type: "held" }],
      event: crash,
      state: "failed",
      effects: [],
    },
    {
      name: "a stop of a frozen child",
      past: [start, healthy, frozen],
      event: stop,
      state: "stopping",
      effects: ["terminate"],
    },
    {
      name: "the exit of a stopping child",
      past: [start, stop],
      event: crash,
      state: "stopped",
      effects: [],
    },
  ] as const
) {
  Deno.test(`step() after ${past.map(({ type }) => type).join(", ") || "nothing"}: ${name} leads to ${state}`, () => {
    const result = step(after(past), event, now);
    assert.equal(result.lifecycle.state.kind, state);
    assert.deepEqual(result.effects.map(({ type }) => type), effects);
  });
}

Deno.test("step() tells port, exit code and cause in the state", () => {
  assert.deepEqual(after([start, healthy]).state, { kind: "ready", port: 4321 });
  assert.deepEqual(after([start, healthy, crash]).state, {
    kind: "failed",
    exitCode: 134,
    cause,
    frozen: null,
    retryAtMs: now.nowMs + BACKOFF_BASE_MS,
  });
});

Deno.test("step() tells a freeze from a crash, and gives up nothing because of it", () => {
  const freeze = [frozen, crash, backoffOver];
  const lifecycle = after([
    start,
    ...Array(20).fill(freeze).flat(),
    frozen,
    crash,
  ]);
  assert(lifecycle.state.kind === "failed" && lifecycle.state.retryAtMs !== null);
  assert.equal(lifecycle.state.frozen, "a signal has stopped it");
});

Deno.test("step() does not repair a server that is not to be restarted", () => {
  const once = { ...now, restart: false };
  const { lifecycle, effects } = step(after([start, healthy], once), crash, once);
  assert(lifecycle.state.kind === "failed" && lifecycle.state.retryAtMs === null);
  assert.deepEqual(effects, []);
});

Deno.test("step() gives up a server that ends before it is ready", () => {
  for (const events of [[start, crash], [start, healthy, crash, backoffOver, crash]]) {
    const { state } = after(events);
    assert(state.kind === "failed" && state.retryAtMs === null);
  }
});

Deno.test("step() never gives up a server that becomes ready each time", () => {
  const lifecycle = after([start, ...Array(20).fill([healthy, crash, backoffOver]).flat()]);
  assert.equal(lifecycle.state.kind, "starting");
});

Deno.test("step() waits longer after each end by itself, and begins anew after a long good run", () => {
  const gaveUp: LifecycleEvent = { type: "exited", exitCode: 1, cause };
  const twice = after([start, healthy, gaveUp, backoffOver, healthy]);
  const retry = (nowMs: number) => step(twice, gaveUp, { ...now, nowMs }).effects;
  assert.deepEqual(retry(now.nowMs + 1), [{ type: "retry", delayMs: 2 * BACKOFF_BASE_MS }]);
  assert.deepEqual(retry(now.nowMs + STABLE_AFTER_MS), [
    { type: "retry", delayMs: BACKOFF_BASE_MS },
  ]);
});

// One caller's request crashed a server six times: all others waited half a minute for its next start.
Deno.test("step() lets nobody wait longer because a request crashes a server that had loaded", () => {
  const often = Array(6).fill([healthy, crash, backoffOver]).flat();
  const { effects } = step(after([start, ...often, healthy]), crash, now);
  assert.deepEqual(effects, [{ type: "retry", delayMs: BACKOFF_BASE_MS }]);
});

Deno.test("step() counts attempts", () => {
  assert.deepEqual(after([start, healthy, crash, backoffOver]).state, {
    kind: "starting",
    attempt: 2,
  });
});

Deno.test("backoffMs() stays between half and all of a doubling wait with an end", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (crashes, random) => {
        const full = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (crashes - 1));
        const delay = backoffMs(crashes, random);
        return delay >= Math.floor(full / 2) && delay <= full;
      },
    ),
  );
});

Deno.test("step() has at most one child at a time, whatever happens in whatever order", () => {
  const events = fc.array(
    fc.constantFrom(start, healthy, backoffOver, graceOver, frozen, stop, "exit" as const),
  );
  fc.assert(fc.property(events, fc.boolean(), (past, restart) => {
    let lifecycle = INITIAL;
    let children = 0;
    for (const event of past) {
      if (event === "exit" && children === 0) continue;
      if (event === "exit") children--;
      const result = step(lifecycle, event === "exit" ? crash : event, { ...now, restart });
      lifecycle = result.lifecycle;
      children += result.effects.filter(({ type }) => type === "spawn").length;
      const runs = ["starting", "ready", "frozen", "stopping"].includes(lifecycle.state.kind);
      assert.equal(children, runs ? 1 : 0);
    }
  }));
});
