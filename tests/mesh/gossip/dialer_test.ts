import assert from "node:assert/strict";
import fc from "fast-check";
import { redialDelayMs } from "../../../src/mesh/gossip/backoff.ts";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { REDIAL_MIN_MS } from "../../../src/mesh/base/defaults.ts";
import { Dialer, type DialTarget } from "../../../src/mesh/gossip/dialer.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

const PEER = "peer" as PeerId;
const TARGET: DialTarget = { peer: PEER, courtesyMs: 0, maxDelayMs: 2 };

Deno.test("the wait grows from half a second to its limit, with at most half of it left to chance", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, chance) => {
      const delay = redialDelayMs(failures, 15_000, () => chance);
      const full = Math.min(REDIAL_MIN_MS * 2 ** failures, 15_000);
      assert.ok(delay >= full / 2 && delay <= full);
    }),
  );
});

Deno.test("a peer is dialled again until it is reached, and each failure is told", async () => {
  const reached = Promise.withResolvers<void>();
  const failures: number[] = [];
  let wanted = true;
  const dialer = new Dialer({
    targets: () => wanted ? [TARGET] : [],
    dial: () => {
      if (failures.length < 3) return Promise.reject(new Error("Nobody there"));
      wanted = false;
      reached.resolve();
      return Promise.resolve();
    },
    failed: (_target, count) => failures.push(count),
  }, { clock: systemClock, random: () => 0 });
  dialer.wake();
  await reached.promise;
  await dialer.stop();
  assert.deepEqual(failures, [1, 2, 3]);
});

Deno.test("one peer is dialled once at a time, and stop() ends the dial without a failure", async () => {
  let dials = 0;
  let failed = 0;
  const dialer = new Dialer({
    targets: () => [TARGET],
    dial: (_target, signal) => {
      dials += 1;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
    failed: () => failed += 1,
  }, { clock: systemClock, random: () => 0 });
  for (let i = 0; i < 5; i++) dialer.wake();
  await dialer.stop();
  dialer.wake();
  assert.deepEqual([dials, failed], [1, 0]);
});

Deno.test("courtesy holds a first dial back for its time", () => {
  let now = 0;
  let dials = 0;
  const dialer = new Dialer({
    targets: () => [{ ...TARGET, courtesyMs: 1_000 }],
    dial: () => {
      dials += 1;
      return new Promise(() => {});
    },
    failed: () => {},
  }, { clock: { now: () => now, elapsed: () => now, after: () => () => {} }, random: () => 0 });
  dialer.wake();
  assert.equal(dials, 0);
  now = 1_000;
  dialer.wake();
  assert.equal(dials, 1);
});
