/** A member's list of relays, over a network that fails as the test says. */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import type { RelayPlace } from "../../../src/mesh/base/announcement.ts";
import { JoinRefusedError, RefusedError, UnreachableError } from "../../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import type { PeerNetwork } from "../../../src/mesh/link/peer_network.ts";
import { Relays } from "../../../src/mesh/relays.ts";
import type { Identity } from "../../../src/mesh/trust/identity.ts";
import type { Trust } from "../../../src/mesh/trust/trust.ts";
import { HandClock } from "../hand_clock.ts";

const peer = peerIdOf(SigningKey.generate().publicKey);
const place: RelayPlace = { peer, addresses: [`/ip4/203.0.113.7/udp/47001/quic-v1/p2p/${peer}`] };

/** Whether the relay is still kept after so many dials that fail so. */
async function isKeptAfter(failures: readonly Error[]): Promise<boolean> {
  const clock = new HandClock();
  const identity = {
    relays: [place] as readonly RelayPlace[],
    keepRelays: (kept: readonly RelayPlace[]) => identity.relays = kept,
  };
  const left = [...failures];
  const network = {
    isConnected: () => false,
    connectedPeers: () => new Map(),
    connect: () => left.length > 0 ? Promise.reject(left.shift()) : new Promise(() => {}),
  };
  const relays = new Relays({
    network: network as unknown as PeerNetwork,
    identity: identity as unknown as Identity,
    trust: {} as Trust,
    clock,
    random: () => 0,
    logger: getLogger("test"),
    told: () => [],
    invite: () => "",
    mayInvite: () => true,
    revoke: () => Promise.resolve(),
    changed: () => {},
  });
  relays.wake();
  for (let minute = 0; minute < failures.length; minute++) await clock.pass(60_000);
  assert.equal(left.length, 0);
  return identity.relays.length === 1;
}

const silent = new UnreachableError("no answer");
const brokenOff = new RefusedError("it closed the connection");
const refused = new JoinRefusedError("it carries nothing for this mesh");
const times = (count: number, error: Error) => Array<Error>(count).fill(error);

for (
  const [what, failures, isKept] of [
    ["is off for long, and says no once", [...times(12, silent), refused], true],
    ["is flooded, or starts and ends again and again", times(20, brokenOff), true],
    ["says no now and then", [...times(4, refused), brokenOff, ...times(4, refused)], true],
    ["says no, and no again", times(5, refused), false],
  ] as const
) {
  Deno.test(`a relay that ${what} is ${isKept ? "kept" : "none of this mesh any more"}`, async () => {
    assert.equal(await isKeptAfter(failures), isKept);
  });
}
