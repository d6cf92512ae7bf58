import assert from "node:assert/strict";
import { Counters } from "../../../src/mesh/base/counters.ts";
import { RECORD_RATE } from "../../../src/mesh/base/rate_defaults.ts";
import { RateExceededError } from "../../../src/mesh/base/errors.ts";
import { RecordIntake } from "../../../src/mesh/gossip/record_intake.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

Deno.test("more records than a peer may send are dropped unread and counted, others' are not", () => {
  let elapsed = 0;
  const counters = new Counters();
  const blamed: string[] = [];
  const intake = new RecordIntake({
    meshKey: new Uint8Array(32),
    network: { misbehaved: (peer) => blamed.push(peer) },
    trust: { revocationOf: () => undefined },
    counters,
    clock: { now: () => 0, elapsed: () => elapsed },
  });
  const [noisy, quiet] = ["noisy", "quiet"] as PeerId[];
  assert.ok(noisy && quiet);
  const nonsense = new Uint8Array(1);
  for (let i = 0; i < RECORD_RATE.burst; i++) {
    assert.throws(() => intake.open(nonsense, noisy), /malformed/);
  }
  assert.throws(() => intake.open(nonsense, noisy), RateExceededError);
  assert.throws(() => intake.open(nonsense, quiet), /malformed/);
  elapsed += 1_000;
  assert.throws(() => intake.open(nonsense, noisy), /malformed/);
  const { recordsBad, recordsLimited } = counters.snapshot();
  assert.deepEqual([recordsBad, recordsLimited], [RECORD_RATE.burst + 2, 1]);
  assert.equal(blamed.length, recordsBad, "a flood is not held against a peer twice");
});
