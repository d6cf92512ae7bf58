/** Peers that name others' addresses and forge their own, in virtual time: what a node sends because of them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { siteOf } from "../../../src/base/ip_address.ts";
import type { Clock } from "../../../src/mesh/base/clock.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { mayBeAsked } from "../../../src/mesh/reach/candidates.ts";
import {
  ANSWER_RATE,
  ASK_RATE,
  PEER_ASK_RATE,
  SITE_ASK_RATE,
} from "../../../src/mesh/reach/defaults.ts";
import { DirectSocket, RoamingPath, type UdpEnd, udpEnd } from "../../../src/mesh/reach/mod.ts";
import { ProbeSession } from "../../../src/mesh/reach/probe_session.ts";
import { isProbe } from "../../../src/mesh/reach/probe_wire.ts";
import type { UdpSocket, UdpStack } from "../../../src/mesh/reach/udp_socket.ts";
import { VirtualTime } from "../../simulator/virtual_time.ts";

const PEERS = 24;
const SELF = peerIdOf(SigningKey.generate().publicKey);
const KINDS = { ask: 1, answer: 2 } as const;

interface Sent {
  readonly at: number;
  readonly to: UdpEnd;
  readonly kind: number;
  readonly tag: string;
}

/** A network that carries nothing and keeps a list of what was sent. */
class SilentStack implements UdpStack {
  readonly kind = "plain";
  readonly sent: Sent[] = [];
  readonly sockets: UdpSocket[] = [];

  constructor(readonly time: VirtualTime) {}

  bind(_ip: string, port: number): UdpSocket {
    const socket: UdpSocket = {
      port: port || 45_001,
      onDatagram: undefined,
      send: (bytes, to) => {
        assert(isProbe(bytes), "only probes leave for who has not answered");
        this.sent.push({ at: this.time.now, to, kind: bytes[8]!, tag: bytes.slice(9, 17).toHex() });
      },
      close: () => {},
    };
    this.sockets.push(socket);
    return socket;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface HostilePeer {
  readonly path: RoamingPath;
  readonly session: ProbeSession;
}

function nodeWithHostilePeers() {
  const time = new VirtualTime();
  const clock: Clock = {
    now: () => time.now,
    elapsed: () => time.now,
    after: (delayMs, run) => time.at(time.now + delayMs, run),
  };
  const stack = new SilentStack(time);
  const socket = new DirectSocket({ stack, self: SELF, port: 0, clock });
  const peers = Array.from({ length: PEERS }, (): HostilePeer => {
    const peer = peerIdOf(SigningKey.generate().publicKey);
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const relay = { onDatagram: undefined, send: () => {}, close: () => {} };
    const path = new RoamingPath({ peer, relay, socket, clock });
    path.agree(secret);
    return { path, session: new ProbeSession(secret, { self: peer, peer: SELF }) };
  });
  /** A question of a peer, from wherever it says. */
  const forge = ({ session }: HostilePeer, from: UdpEnd) =>
    stack.sockets[0]!.onDatagram?.(session.ask(from, time.now), from);
  return { time, stack, peers, forge };
}

const host = fc.constantFrom(
  ...["192.0.2.66", "198.51.100.7", "127.0.0.1", "224.0.0.251", "255.255.255.255", "0.0.0.0"],
  ...["2001:db8::66", "2001:db8::67", "ff02::1", "::1", "fe80::1", "169.254.7.7"],
);
const end = fc.oneof(
  fc.tuple(host, fc.constantFrom(53, 123, 1_023, 1_024, 4_000, 45_001, 65_535))
    .map(([ip, port]) => udpEnd(ip, port)),
  fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 65_535 }))
    .map(([a, b, port]) => udpEnd(`100.${64 + a % 64}.${b}.1`, port)),
);
const deed = fc.oneof(
  fc.record({ what: fc.constant("names" as const), ends: fc.array(end, { maxLength: 16 }) }),
  fc.record({ what: fc.constant("forges" as const), ends: fc.array(end, { maxLength: 4 }) }),
);
const script = fc.array(
  fc.record({ who: fc.nat(PEERS - 1), deed, thenMs: fc.integer({ min: 0, max: 900 }) }),
  { minLength: 20, maxLength: 120 },
);

/** More than this can't have been spent between any two of them. */
function assertWithin(all: readonly Sent[], burst: number, perSecond: number, what: string): void {
  for (const [first, { at }] of all.entries()) {
    for (let last = first; last < all.length; last++) {
      const count = last - first + 1;
      const bound = burst + perSecond * (all[last]!.at - at) / 1_000;
      assert(count <= bound + 1e-6, `${count} ${what} in ${all[last]!.at - at} ms`);
    }
  }
}

const groups = (all: readonly Sent[], name: (one: Sent) => string) =>
  Object.entries(Object.groupBy(all, name)) as [string, Sent[]][];

Deno.test("whatever hostile peers name and forge, a node sends nothing beyond its budget", async () => {
  await fc.assert(
    fc.asyncProperty(script, async (deeds) => {
      const { time, stack, peers, forge } = nodeWithHostilePeers();
      let forged = 0;
      for (const { who, deed, thenMs } of deeds) {
        const peer = peers[who]!;
        if (deed.what === "names") peer.path.told(deed.ends);
        else for (const from of deed.ends) forge(peer, from);
        if (deed.what === "forges") forged += deed.ends.length;
        await time.runUntil(time.now + thenMs);
      }
      await time.runUntil(time.now + 60_000);
      for (const { to } of stack.sent) assert(mayBeAsked(to), `${to.key} was sent something`);
      const asks = stack.sent.filter(({ kind }) => kind === KINDS.ask);
      const answers = stack.sent.filter(({ kind }) => kind === KINDS.answer);
      assertWithin(asks, ASK_RATE.burst, ASK_RATE.perSecond, "of the node");
      for (const [site, all] of groups(asks, ({ to }) => siteOf(to.ip))) {
        assertWithin(all, SITE_ASK_RATE.burst, SITE_ASK_RATE.perMinute / 60, `to ${site}`);
      }
      for (const [, all] of groups(asks, ({ tag }) => tag)) {
        assertWithin(all, PEER_ASK_RATE.burst, PEER_ASK_RATE.perSecond, "for one peer");
      }
      assert(answers.length <= forged, "a question brings one answer, and none longer than it");
      for (const [, all] of groups(answers, ({ tag }) => tag)) {
        assertWithin(all, ANSWER_RATE.burst, ANSWER_RATE.perSecond, "answers of one peer");
      }
    }),
    { numRuns: Number(Deno.env.get("MESH_LLM_HOSTILE_RUNS") ?? 12) },
  );
});
