import assert from "node:assert/strict";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { MESH_TIMINGS } from "../../../src/mesh/base/timings.ts";
import { type ProbeEffects, Prober } from "../../../src/mesh/gossip/prober.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";

const PEER = "peer" as PeerId;
const refused = () => Promise.reject(new Error("Nobody there"));

function prober(effects: Partial<ProbeEffects>): Prober {
  return new Prober({
    ping: () => assert.fail("ping"),
    handshake: () => assert.fail("handshake"),
    rejoin: () => assert.fail("rejoin"),
    ...effects,
  }, { clock: systemClock, timings: MESH_TIMINGS });
}

Deno.test("a peer that answers the ping lives, and is asked nothing else", async () => {
  const probe: Prober = prober({
    ping: () => {
      queueMicrotask(() => probe.answered(PEER));
      return true;
    },
  });
  assert.equal(await probe.probe(PEER), true);
});

Deno.test("a linked peer that is too busy for a ping lives if it completes a handshake", async () => {
  const ping = () => true;
  assert.equal(await prober({ ping, handshake: () => Promise.resolve() }).probe(PEER), true);
  assert.equal(await prober({ ping, handshake: refused }).probe(PEER), false);
});

Deno.test("a peer without a link lives only if it joins anew", async () => {
  const ping = () => false;
  assert.equal(await prober({ ping, rejoin: () => Promise.resolve() }).probe(PEER), true);
  assert.equal(await prober({ ping, rejoin: refused }).probe(PEER), false);
});

Deno.test("two that ask at once get the answer of one probe", async () => {
  let rejoins = 0;
  const probe = prober({
    ping: () => false,
    rejoin: () => {
      rejoins += 1;
      return Promise.resolve();
    },
  });
  assert.deepEqual(await Promise.all([probe.probe(PEER), probe.probe(PEER)]), [true, true]);
  assert.equal(rejoins, 1);
});

Deno.test("stop() ends a probe without a verdict of death", async () => {
  const probe = prober({ ping: () => true, handshake: refused });
  const verdict = probe.probe(PEER);
  await probe.stop();
  assert.equal(await verdict, true);
});
