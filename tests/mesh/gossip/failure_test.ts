import assert from "node:assert/strict";
import { FIRST_PINGS } from "../../../src/mesh/base/defaults.ts";
import { MESH_TIMINGS } from "../../../src/mesh/base/timings.ts";
import {
  beat,
  firstPulse,
  type Pulse,
  type PulseAction,
} from "../../../src/mesh/gossip/failure.ts";

const { intervalMs: HEARTBEAT_MS, timeoutMs: HEARTBEAT_TIMEOUT_MS } = MESH_TIMINGS.wide;

/** A pulse whose first pings were all answered at time 0. */
function settled(closely: boolean): Pulse {
  let pulse = beat(firstPulse(0, closely, MESH_TIMINGS), { type: "timer" }, 0).pulse;
  for (let i = 0; i < FIRST_PINGS; i++) pulse = beat(pulse, { type: "pong", rttMs: 1 }, 0).pulse;
  return pulse;
}

/** Lets the timers run on without an answer; tells what happened and when. */
function silence(start: Pulse, untilMs: number): [number, PulseAction][] {
  const happened: [number, PulseAction][] = [];
  let pulse = start;
  while (pulse.dueAt <= untilMs) {
    const now = pulse.dueAt;
    const step = beat(pulse, { type: "timer" }, now);
    happened.push([now, step.action]);
    pulse = step.pulse;
    if (step.action === "probe") break;
  }
  return happened;
}

Deno.test("a new peer is pinged at once and again after each answer, a few times", () => {
  let { pulse, action } = beat(firstPulse(5, false, MESH_TIMINGS), { type: "timer" }, 5);
  assert.equal(action, "ping");
  const actions: PulseAction[] = [];
  for (let i = 0; i < FIRST_PINGS; i++) {
    ({ pulse, action } = beat(pulse, { type: "pong", rttMs: 1 }, 5));
    actions.push(action);
  }
  assert.deepEqual(actions, [...Array(FIRST_PINGS - 1).fill("ping"), "none"]);
  assert.equal(pulse.dueAt, 5 + HEARTBEAT_MS);
});

Deno.test("a slow answer is looked at again soon, ever later while it stays slow", () => {
  let pulse = settled(false);
  const waits: number[] = [];
  const answers = [200, 200, 200, 200, 200, 200, 200, 1, 200];
  for (const rttMs of answers) {
    const pinged = beat(pulse, { type: "timer" }, pulse.dueAt);
    assert.equal(pinged.action, "ping");
    pulse = beat(pinged.pulse, { type: "pong", rttMs }, pulse.dueAt).pulse;
    waits.push(pulse.dueAt - (pinged.pulse.dueAt - HEARTBEAT_TIMEOUT_MS));
  }
  assert.deepEqual(
    waits,
    [2_000, 4_000, 8_000, 16_000, 32_000, HEARTBEAT_MS, HEARTBEAT_MS, HEARTBEAT_MS, 2_000],
  );
});

Deno.test("a closely watched peer that falls silent is probed after 4 s", () => {
  assert.deepEqual(silence(settled(true), 60_000), [
    [2_000, "ping"],
    [3_000, "ping"],
    [4_000, "probe"],
  ]);
});

Deno.test("any other peer that falls silent is probed after two missed heartbeats", () => {
  assert.deepEqual(silence(settled(false), 120_000), [
    [HEARTBEAT_MS, "ping"],
    [HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS, "ping"],
    [HEARTBEAT_MS + 2 * HEARTBEAT_TIMEOUT_MS, "probe"],
  ]);
});

Deno.test("an answer forgives the misses before it", () => {
  let { pulse } = beat(settled(true), { type: "timer" }, 2_000);
  pulse = beat(pulse, { type: "timer" }, 3_000).pulse;
  assert.equal(pulse.misses, 1);
  pulse = beat(pulse, { type: "pong", rttMs: 1 }, 3_500).pulse;
  assert.equal(pulse.misses, 0);
  assert.equal(pulse.dueAt, 5_500);
});

Deno.test("watching closely brings the next heartbeat forward", () => {
  const { pulse, action } = beat(settled(false), { type: "closely", closely: true }, 100);
  assert.equal(action, "none");
  assert.equal(pulse.dueAt, 2_100);
});

Deno.test("a timer that fires late says nothing of the peer: this process slept", () => {
  const waiting = beat(settled(true), { type: "timer" }, 2_000).pulse;
  const { pulse, action } = beat(waiting, { type: "timer" }, 9_000);
  assert.equal(action, "none");
  assert.equal(pulse.misses, 0);
  assert.equal(pulse.dueAt, 9_000 + 2 * 1_000, "and is more patient afterwards");
});

Deno.test("a timer that fires early, and an answer to nothing, do nothing", () => {
  const pulse = settled(true);
  assert.deepEqual(beat(pulse, { type: "timer" }, 1_999), { pulse, action: "none" });
  assert.deepEqual(beat(pulse, { type: "pong", rttMs: 1 }, 1_000), { pulse, action: "none" });
});

Deno.test("a peer that answers late is waited for longer, and as usual again once it is in time", () => {
  const dueAfter = (pulse: Pulse) => {
    const asked = beat(pulse, { type: "timer" }, pulse.dueAt).pulse;
    return asked.dueAt - pulse.dueAt;
  };
  let pulse = settled(true);
  const patience: number[] = [];
  for (const rttMs of [1_500, 2_500, 3_500, 3_500, 3_500, 10, 10, 10, 10]) {
    pulse = beat(pulse, { type: "timer" }, pulse.dueAt).pulse;
    pulse = beat(pulse, { type: "pong", rttMs }, pulse.dueAt - 1).pulse;
    patience.push(dueAfter(pulse) / 1_000);
  }
  assert.deepEqual(patience, [2, 3, 4, 4, 4, 3, 2, 1, 1]);
});

Deno.test("a loaded peer that answers each ping after its time is never probed", () => {
  let pulse = settled(true);
  let asked: number[] = [];
  const actions: PulseAction[] = [];
  for (let now = 0; now < 120_000; now += 100) {
    const answered = asked.filter((at) => now - at >= 1_700);
    asked = asked.filter((at) => now - at < 1_700);
    for (const at of answered) {
      const step = beat(pulse, { type: "pong", rttMs: now - at }, now);
      pulse = step.pulse;
      if (step.action === "ping") asked.push(now);
    }
    const step = beat(pulse, { type: "timer" }, now);
    pulse = step.pulse;
    actions.push(step.action);
    if (step.action === "ping") asked.push(now);
  }
  assert.equal(actions.includes("probe"), false);
  assert.ok(actions.filter((action) => action === "ping").length > 20);
});
