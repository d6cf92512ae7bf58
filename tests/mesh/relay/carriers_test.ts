/** The choice of nodes that are asked to carry, and how often they are. */

import assert from "node:assert/strict";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { CARRY_ASK_RATE } from "../../../src/mesh/base/rate_defaults.ts";
import {
  Carriers,
  carriersInOrder,
  type PossibleCarrier,
} from "../../../src/mesh/relay/carriers.ts";

const id = (text: string) => text as PeerId;
const node = (
  peer: string,
  role: PossibleCarrier["role"] = "member",
  rttMs?: number,
): PossibleCarrier => ({ peer: id(peer), role, rttMs });

Deno.test("relays carry first, then the nearest members; never a client, nor the peer itself", () => {
  const connected = [
    node("unmeasured"),
    node("far", "member", 90),
    node("client", "client", 1),
    node("near", "member", 3),
    node("peer", "member", 0),
    node("relay", "relay"),
  ];
  assert.deepEqual(carriersInOrder(connected, id("peer")), ["relay", "near", "far", "unmeasured"]);
  const many = Array.from({ length: 50 }, (_, at) => node(`member ${at}`, "member", at));
  assert.equal(carriersInOrder(many, id("peer")).length, 4);
  assert.deepEqual(carriersInOrder([], id("peer")), []);
});

Deno.test("for a dead peer others are asked now and then, for one that nobody knows never", () => {
  let now = 0;
  let connected: PossibleCarrier[] = [];
  const carriers = new Carriers({
    clock: { elapsed: () => now },
    isWanted: (peer) => peer !== id("stranger"),
    connected: () => connected,
  });
  // Without anybody to ask nothing is used up.
  for (let dial = 0; dial < 100; dial++) assert.deepEqual(carriers.to(id("dead")), []);
  connected = [node("hub")];
  let asked = 0;
  for (const hourMs = 3_600_000; now < hourMs; now += 500) asked += carriers.to(id("dead")).length;
  const { burst, perSecond } = CARRY_ASK_RATE;
  assert.ok(asked >= burst && asked <= burst + 3_600 * perSecond, `${asked} in an hour`);
  assert.deepEqual(carriers.to(id("another")), ["hub"]);
  assert.deepEqual(carriers.to(id("stranger")), []);
});
