/** A node's questions and answers on its networks, over sockets and a clock of the test's own. */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import type { InterfaceAddress } from "../../../src/mesh/base/addresses.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { type DnsRecord, QUESTION } from "../../../src/mesh/lan/advert.ts";
import {
  LAN_ANSWER_PAUSE_MS,
  LAN_ASK_EVERY_MS,
  LAN_HUSH_MS,
  LAN_PACKET_RATE,
  LAN_RETRY_MS,
  LAN_TICK_MS,
  LAN_TTL_SECONDS,
  MAX_LAN_INTERFACES,
} from "../../../src/mesh/lan/defaults.ts";
import { Lan, type LanOffer } from "../../../src/mesh/lan/lan.ts";
import { lanInterfaces } from "../../../src/mesh/lan/lan_interfaces.ts";
import type { LanSocketEvents } from "../../../src/mesh/lan/lan_socket.ts";
import { meshName } from "../../../src/mesh/lan/mesh_name.ts";
import { HandClock, settled } from "../hand_clock.ts";

interface Wire {
  readonly address: string;
  readonly events: LanSocketEvents;
  asked: number;
  readonly told: (readonly DnsRecord[])[];
  closed: boolean;
}

const NETWORKS: InterfaceAddress[] = [
  { name: "lo", address: "127.0.0.1" },
  { name: "docker0", address: "172.17.0.1" },
  { name: "eth0", address: "192.168.1.2" },
  { name: "eth0", address: "fe80::1" },
];

const MESH_KEY = new Uint8Array(32).fill(7);
const newPeer = () => peerIdOf(SigningKey.generate().publicKey);

function network(of: {
  readonly speaks?: boolean;
  readonly offer?: LanOffer | null;
  readonly meshKey?: Uint8Array;
  readonly self?: PeerId;
  readonly refuses?: string;
} = {}) {
  const clock = new HandClock();
  const wires: Wire[] = [];
  const found: PeerId[] = [];
  let interfaces: readonly InterfaceAddress[] = NETWORKS;
  let offer = of.offer === undefined ? { name: "studio", port: 47_001 } : of.offer;
  let changes = 0;
  const lan = new Lan({
    self: of.self ?? newPeer(),
    meshKey: of.meshKey ?? MESH_KEY,
    clock,
    logger: getLogger("test"),
    interfaces: () => interfaces,
    open: (address, events) => {
      if (address === of.refuses) return Promise.reject(new Error("permission denied"));
      const wire: Wire = { address, events, asked: 0, told: [], closed: false };
      wires.push(wire);
      return Promise.resolve({
        ask: () => void (wire.asked += 1),
        tell: (records) => Promise.resolve(void wire.told.push(records)),
        close: () => void (wire.closed = true),
      });
    },
    speaks: of.speaks ?? true,
    offer: () => offer,
    changed: () => void (changes += 1),
    found: (peers) => found.push(...peers),
  });
  return {
    lan,
    clock,
    wires,
    found,
    changes: () => changes,
    open: () => wires.filter(({ closed }) => !closed).map(({ address }) => address).sort(),
    offers: (now: LanOffer | null) => {
      offer = now;
      lan.refresh();
    },
    connect: (now: readonly InterfaceAddress[]) => interfaces = now,
  };
}

const ASKED = { questions: [QUESTION] };

Deno.test("a node asks and announces itself on every interface, and says goodbye on each", async () => {
  const { lan, clock, wires, open } = network();
  lan.start();
  await settled();
  assert.deepEqual(open(), ["172.17.0.1", "192.168.1.2"]);
  assert.deepEqual(wires.map(({ asked, told }) => [asked, told.length]), [[1, 1], [1, 1]]);
  await lan.stop();
  for (const { told, closed } of wires) {
    assert.deepEqual(told.at(-1)?.map(({ ttl }) => ttl), [0]);
    assert.ok(closed);
  }
  assert.equal(clock.waiting.size, 0, "nothing is left that would wake");
  await lan.stop();
});

Deno.test("a client and a node that is not to be joined by say nothing, and hear all the same", async () => {
  const other = network();
  other.lan.start();
  await settled();
  const heard = { answers: other.wires[0]!.told[0]! };
  for (const  of of[{ speaks: false, meshKey: new Uint8Array(32) }, { offer: null }]) {
    const { lan, wires, clock, found } = network(of);
    lan.start();
    await settled();
    for (const { events } of wires) events.asked(ASKED);
    wires[0]!.events.told(heard, "192.168.1.9");
    await clock.pass(2 * LAN_ASK_EVERY_MS);
    assert.deepEqual(wires.map(({ told }) => told.length), [0, 0]);
    assert.ok(of.offer === null || wires.every(({ asked }) => asked === 0));
    assert.equal(lan.view().state, "listening");
    assert.equal(lan.view().own, null);
    assert.equal(lan.view().meshes.length + found.length, 1);
    await lan.stop();
    assert.ok(wires.every(({ told }) => told.length === 0), "no goodbye either");
  }
  await other.lan.stop();
});

Deno.test("a node that joins the gossip later, and one whose mesh has another name, say so by themselves", async () => {
  const { lan, clock, wires, offers, changes } = network({ offer: null });
  const ttls = () => wires.map(({ told }) => told.map(([pointer]) => pointer?.ttl));
  lan.start();
  await settled();
  offers({ name: "studio", port: 47_001 });
  offers({ name: "studio", port: 47_001 });
  await settled();
  assert.deepEqual(ttls(), [[LAN_TTL_SECONDS], [LAN_TTL_SECONDS]]);
  offers({ name: "mini", port: 47_001 });
  await clock.pass(LAN_ANSWER_PAUSE_MS);
  assert.match(JSON.stringify(wires[0]?.told.at(-1)), /mesh=mini/);
  offers(null);
  await settled();
  assert.deepEqual(ttls().map((all) => all.at(-1)), [0, 0]);
  assert.equal(changes(), 3);
  await lan.stop();
  assert.deepEqual(ttls().map((all) => all.length), [3, 3], "one goodbye is enough");
});

Deno.test("a thousand questions are answered together, a few times a second at most", async () => {
  const { lan, clock, wires } = network();
  lan.start();
  await settled();
  const [wire] = wires;
  for (let ms = 0; ms < 1_000; ms += 10) {
    for (let i = 0; i < 10; i++) wire!.events.asked(ASKED);
    await clock.pass(10);
  }
  assert.ok(wire!.told.length > 1 && wire!.told.length <= 2 + 1_000 / LAN_ANSWER_PAUSE_MS);
  await lan.stop();
});

Deno.test("members of one mesh find each other, others learn a name, and both are gone after a goodbye", async () => {
  const self = newPeer();
  const sender = network({ self });
  sender.lan.start();
  await settled();
  const [announced] = sender.wires.find(({ address }) => address === "192.168.1.2")!.told;
  const member = network();
  const stranger = network({ meshKey: new Uint8Array(32) });
  const address = `/ip4/192.168.1.2/udp/47001/quic-v1/p2p/${self}`;
  for (const one of [member, stranger]) {
    one.lan.start();
    await settled();
    one.wires[0]!.events.told({ answers: announced! }, "192.168.1.2");
    assert.equal(one.changes(), 1);
    one.wires[1]!.events.told({ answers: announced! }, "192.168.1.2");
    assert.equal(one.changes(), 1, "each socket hears all");
  }
  assert.deepEqual(member.found, [self]);
  assert.deepEqual(member.lan.addressesOf(self), [address]);
  assert.deepEqual(member.lan.view().meshes, []);
  assert.deepEqual(stranger.lan.addressesOf(self), []);
  assert.deepEqual(stranger.found, []);
  const { shortId } = sender.lan.view().own!;
  assert.deepEqual(stranger.lan.view().meshes, [
    { name: "studio", shortId, machines: 1, addresses: ["192.168.1.2:47001"] },
  ]);
  await sender.lan.stop();
  const goodbye = sender.wires[0]!.told.at(-1)!;
  for (const one of [member, stranger]) {
    one.wires[0]!.events.told({ answers: goodbye }, "192.168.1.2");
    assert.deepEqual([one.lan.view().meshes, one.lan.view().peers], [[], []]);
    assert.equal(one.changes(), 2);
    await one.lan.stop();
  }
});

Deno.test("one who falls silent is gone after two minutes", async () => {
  const sender = network();
  sender.lan.start();
  await settled();
  const stranger = network({ meshKey: new Uint8Array(32) });
  stranger.lan.start();
  await settled();
  stranger.wires[0]!.events.told({ answers: sender.wires[0]!.told[0]! }, "192.168.1.2");
  await stranger.clock.pass(LAN_TTL_SECONDS * 1_000 + LAN_TICK_MS);
  assert.deepEqual(stranger.lan.view().meshes, []);
  assert.equal(stranger.changes(), 2);
  await Promise.all([sender.lan.stop(), stranger.lan.stop()]);
});

Deno.test("interfaces that come and go are followed; one that refuses is named, and tried again", async () => {
  const { lan, clock, connect, open, wires } = network({ refuses: "10.0.0.1" });
  lan.start();
  await settled();
  connect([{ name: "wlan0", address: "192.168.7.2" }, { name: "wg0", address: "10.0.0.1" }]);
  await clock.pass(LAN_TICK_MS);
  assert.deepEqual(open(), ["192.168.7.2"]);
  assert.equal(wires.at(-1)!.asked, 1);
  assert.match(lan.view().problem!, /network of 10\.0\.0\.1 can't be found: permission denied/);
  connect([{ name: "wlan0", address: "192.168.7.2" }]);
  await clock.pass(LAN_RETRY_MS);
  assert.equal(lan.view().problem, null);
  await lan.stop();
});

Deno.test("a flood is not listened to, and later the network is looked at again", async () => {
  const { lan, clock, wires, open } = network();
  lan.start();
  await settled();
  for (let i = 0; i <= LAN_PACKET_RATE.burst; i++) wires[0]!.events.counted();
  await settled();
  assert.deepEqual(open(), []);
  assert.match(lan.view().problem!, /flooded/);
  await clock.pass(LAN_HUSH_MS + LAN_TICK_MS);
  assert.deepEqual(open(), ["172.17.0.1", "192.168.1.2"]);
  assert.equal(lan.view().problem, null);
  await lan.stop();
});

Deno.test("lanInterfaces() takes IPv4 of all networks, real ones first, and not too many", () => {
  assert.deepEqual(lanInterfaces(NETWORKS), ["192.168.1.2", "172.17.0.1"]);
  const many = Array.from({ length: 40 }, (_, i) => ({ name: `br-${i}`, address: `10.0.0.${i}` }));
  const chosen = lanInterfaces([...many, ...NETWORKS]);
  assert.equal(chosen.length, MAX_LAN_INTERFACES);
  assert.equal(chosen[0], "192.168.1.2");
});

Deno.test("a mesh is called like the machine of it that runs the longest, whoever says it", () => {
  const named = (name: string, incarnation: number, peer: string) => ({
    name,
    incarnation,
    peer: peer as PeerId,
    machine: { name },
  });
  const [studio, mini, tower] = [
    named("studio", 5, "c"),
    named("mini", 9, "a"),
    named("t", 5, "d"),
  ];
  assert.equal(meshName(mini, []), "mini");
  for (const self of [studio, mini, tower]) {
    const others = [tower, mini, studio].filter((one) => one !== self);
    assert.equal(meshName(self, others), "studio");
  }
});
