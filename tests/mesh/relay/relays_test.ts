/** A member's list of relays, over a network that fails as the test says. */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import type { RelayPlace } from "../../../src/mesh/base/announcement.ts";
import { JoinRefusedError, RefusedError, UnreachableError } from "../../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import type { JoinedPeer } from "../../../src/mesh/link/joined_peer.ts";
import type { PeerNetwork } from "../../../src/mesh/link/peer_network.ts";
import { Relays } from "../../../src/mesh/relays.ts";
import type { Identity } from "../../../src/mesh/trust/identity.ts";
import type { Revocation } from "../../../src/mesh/trust/revocation.ts";
import type { Trust } from "../../../src/mesh/trust/trust.ts";
import { HandClock } from "../hand_clock.ts";

const peer = peerIdOf(SigningKey.generate().publicKey);
const place: RelayPlace = { peer, addresses: [`/ip4/203.0.113.7/udp/47001/quic-v1/p2p/${peer}`] };

interface Kept {
  relays: readonly RelayPlace[];
}

/** A member that keeps the relay, on a network that does as the test says. */
function startRelays(network: Partial<PeerNetwork>, trust: Partial<Trust> = {}) {
  const clock = new HandClock();
  const kept: Kept = { relays: [place] };
  const identity = {
    get relays() {
      return kept.relays;
    },
    keepRelays: (relays: readonly RelayPlace[]) => kept.relays = relays,
  };
  const relays = new Relays({
    network: {
      isConnected: () => false,
      connectedPeers: () => new Map(),
      ...network,
    } as PeerNetwork,
    identity: identity as unknown as Identity,
    trust: trust as Trust,
    clock,
    random: () => 0,
    logger: getLogger("test"),
    told: () => [],
    invite: () => "",
    mayInvite: () => true,
    revoke: () => Promise.resolve(),
    changed: () => {},
  });
  return { relays, clock, kept };
}

/** Whether the relay is still kept after so many dials that fail so. */
async function isKeptAfter(failures: readonly Error[]): Promise<boolean> {
  const left = [...failures];
  const { relays, clock, kept } = startRelays({
    connect: () => left.length > 0 ? Promise.reject(left.shift()) : new Promise(() => {}),
  });
  relays.wake();
  for (let minute = 0; minute < failures.length; minute++) await clock.pass(60_000);
  assert.equal(left.length, 0);
  return kept.relays.length === 1;
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

for (const isRevoked of [false, true]) {
  Deno.test(`a relay that says where it is ${isRevoked ? "after its removal is not kept" : "is kept"}`, () => {
    const peers = new Map([[peer, { links: [] }]]) as unknown as Map<PeerId, JoinedPeer>;
    const { relays, kept } = startRelays(
      { connectedPeers: () => peers },
      { revocationOf: () => isRevoked ? {} as Revocation : undefined },
    );
    relays.forget(peer);
    relays.told(place);
    assert.equal(kept.relays.length, isRevoked ? 0 : 1);
  });
}
