/** Two ends of a path that is relayed at first, and direct where a test lets them meet. */

import { systemClock } from "../../../src/mesh/base/clock.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import {
  DirectSocket,
  RelayWays,
  RoamingPath,
  type UdpEnd,
  type UdpStack,
} from "../../../src/mesh/reach/mod.ts";
import { Mailbox } from "../quic/mailbox.ts";
import type { Between, Way } from "./ways.ts";

const PEERS = [0, 1].map(() => peerIdOf(SigningKey.generate().publicKey));

/** One node's end of a roaming path. */
export interface Roaming {
  readonly socket: DirectSocket;
  readonly path: RoamingPath;
  readonly relays: RelayWays;
  /** Each change of its way, and each address at which it was seen. */
  readonly ways: Mailbox<string>;
  readonly seen: Mailbox<UdpEnd>;
}

/** Two nodes on this machine, with a relay between them and, for questions, nothing yet. */
export function roamingPair(stack: UdpStack, relay: Way): readonly [Roaming, Roaming] {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const [near, far] = PEERS.map((self, at): Roaming => {
    const ways = new Mailbox<string>();
    const seen = new Mailbox<UdpEnd>();
    const clock = systemClock;
    const socket = new DirectSocket({ stack, self, port: 0, clock, mayAsk: () => true });
    const relays = new RelayWays({ by: self, path: relay.ends[at]! }, { decides: at === 0, clock });
    const path: RoamingPath = new RoamingPath({
      peer: PEERS[1 - at]!,
      relay: relays,
      socket,
      clock,
      onSeen: (end) => seen.put(end),
      onChange: () => ways.put(path.way.kind),
    });
    path.agree(secret);
    return { socket, path, relays, ways, seen };
  });
  return [near!, far!];
}

export function meet(pair: readonly [Roaming, Roaming], between: Between): void {
  pair.forEach(({ path }, at) => path.told([between.faces[at]!]));
}

/** Another member relays from now on. */
export function relayBy(pair: readonly [Roaming, Roaming], relay: Way): void {
  pair.forEach(({ relays }, at) => relays.add({ by: relays.by, path: relay.ends[at]! }));
}
