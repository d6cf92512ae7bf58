import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { TOMBSTONE_LIFE_MS } from "../../src/mesh/base/defaults.ts";
import { peerIdOf, SigningKey } from "../../src/mesh/base/keys.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import type { RoutingTable } from "../../src/mesh/base/table.ts";
import { Counters } from "../../src/mesh/base/counters.ts";
import type { EntropyMessage } from "../../src/mesh/gossip/gossip_messages.ts";
import { Member } from "../../src/mesh/gossip/member.ts";
import type { GossipLinks, PeerLinks } from "../../src/mesh/gossip/peer_links.ts";
import { type RecordContent, signRecord } from "../../src/mesh/gossip/record.ts";
import { MESH_TIMINGS } from "../../src/mesh/base/timings.ts";
import { RecordIntake } from "../../src/mesh/gossip/record_intake.ts";
import { RouteFinder } from "../../src/mesh/routes/route_finder.ts";
import { buildRoutingTable } from "../../src/mesh/routes/routing_table.ts";
import { foundCredential } from "../../src/mesh/trust/credential.ts";
import { VirtualTime } from "../simulator/virtual_time.ts";
import { Heap, HiddenPeers } from "../support/heap.ts";
import { content } from "./content.ts";

/** More are nothing but slower: `MESH_LLM_TEST_MEMBERS`. */
const MEMBERS = Number(Deno.env.get("MESH_LLM_TEST_MEMBERS") ?? 2_000);
const AT_ONCE = 50;
const ROOT = SigningKey.generate();
const logger = getLogger("test");

/** A machine with a fresh data directory. */
class Newcomer {
  readonly #key = SigningKey.generate();
  readonly #credential = foundCredential(ROOT, { publicKey: this.#key.publicKey, name: "node" });
  readonly peer = peerIdOf(this.#key.publicKey);
  readonly address = `/ip4/10.0.0.1/udp/4001/quic-v1/p2p/${this.peer}`;

  get meshKey(): Uint8Array {
    return this.#credential.meshKey;
  }

  sign(content: RecordContent) {
    return signRecord(content, { key: this.#key, credential: this.#credential });
  }

  alive(seq = 1, rttsMs: Record<string, number> = {}): Uint8Array {
    const { peer, address } = this;
    const said = { ...content({ name: `of ${peer}` }), peer, rttsMs, incarnation: 5, seq };
    return this.sign({ status: "alive", announcement: { ...said, addresses: [address] } }).bytes;
  }

  over(status: "dead" | "left", subject = this.peer): Uint8Array {
    return this.sign({ status, subject, version: { incarnation: 5, seq: 9 } }).bytes;
  }
}

/** Connections of which only this end exists: the peer that is dialled does not answer. */
class Links implements PeerLinks, GossipLinks {
  readonly open = new Set<PeerId>();
  pinged: (peer: PeerId) => void = () => {};
  isConnected = (peer: PeerId) => this.open.has(peer);
  connectedMembers = () => new Set(this.open);
  connect = () => Promise.reject(new Error("Nobody is there"));
  handshake = () => Promise.reject(new Error("Nobody is there"));
  disconnect = (_peer: PeerId) => {};
  isIdle = () => true;
  peers = () => [...this.open];
  send = () => {};
  ping = (peer: PeerId) => {
    this.pinged(peer);
    return this.open.has(peer);
  };
  tell = (_peer: PeerId, _message: EntropyMessage) => {};
  part = () => {};
  finish = () => Promise.resolve();
}

/** One running member, as `ActiveMesh` makes it, with time and connections of the test. */
function memberOf(time: VirtualTime) {
  const self = new Newcomer();
  const links = new Links();
  let aheadMs = 0;
  const clock = {
    now: () => 1_800_000_000_000 + time.now + aheadMs,
    elapsed: () => time.now + aheadMs,
    after: (ms: number, run: () => void) => time.at(time.now + ms, run),
  };
  const intake = new RecordIntake({
    meshKey: self.meshKey,
    network: { misbehaved: (_peer, error) => assert.fail(error) },
    trust: { revocationOf: () => undefined },
    counters: new Counters(),
    clock,
  });
  const member = new Member({
    self: self.peer,
    counter: { incarnation: 1, rise: () => {} },
    clock,
    timings: MESH_TIMINGS,
    random: Math.random,
    logger,
    gossip: links,
    links,
    sign: (content) => self.sign(content),
    open: (bytes, from) => intake.open(bytes, from),
    addresses: () => [self.address],
    stored: () => new Map(),
    changed: () => {},
  });
  const connect = (peer: PeerId, direction: "inbound" | "outbound", address: string) => {
    links.open.add(peer);
    member.connected({ peer, direction, remoteAddress: address });
    member.view.opened(peer);
    member.view.answered(peer, 1 + Math.random());
  };
  const close = (peer: PeerId) => {
    links.open.delete(peer);
    member.disconnected(peer);
  };
  /** The peer answers from now on. */
  const live = (living: PeerId) => {
    links.pinged = (peer) => peer === living && clock.after(1, () => member.view.answered(peer, 1));
  };
  /** A machine that has slept: time has passed, and nothing else. */
  const sleep = (ms: number) => aheadMs += ms;
  return { member, connect, close, live, sleep };
}

type Running = ReturnType<typeof memberOf> & { readonly other: Newcomer };

/** The ways in which a machine comes and goes, taken in turn. */
const WAYS: Record<string, (one: Newcomer, running: Running) => Promise<void>> = {
  async "says goodbye"(one, { member, connect, close }) {
    connect(one.peer, "inbound", one.address);
    await member.view.received([one.alive()], one.peer);
    await member.view.received([one.over("left")], one.peer);
    close(one.peer);
  },
  async "is switched off"(one, { member, connect, close }) {
    connect(one.peer, "outbound", one.address);
    await member.view.received([one.alive()], one.peer);
    close(one.peer);
  },
  // deno-lint-ignore require-await -- as the others
  async "never says a word"(one, { connect, close }) {
    connect(one.peer, "outbound", one.address);
    close(one.peer);
  },
  async "stands by"(one, { member, connect, close }) {
    connect(one.peer, "outbound", one.address);
    await member.view.received([one.alive()], one.peer);
    member.standsBy(one.peer);
    close(one.peer);
  },
  async "is parted from, and is found dead by another"(one, { member, connect, close, other }) {
    connect(one.peer, "inbound", one.address);
    await member.view.received([one.alive()], one.peer);
    member.view.parted(one.peer);
    close(one.peer);
    member.view.parted(one.peer);
    await member.view.received([other.over("dead", one.peer)], other.peer);
  },
  async "is expelled"(one, { member, connect, close }) {
    connect(one.peer, "inbound", one.address);
    await member.view.received([one.alive()], one.peer);
    member.view.expel(({ subject }) => subject === one.peer);
    close(one.peer);
  },
  async "is heard of only"(one, { member, other }) {
    await member.view.received([one.alive()], other.peer);
    member.view.told(
      ["versions", [0], [{ peer: one.peer, incarnation: 5, seq: 1, mark: 0 }]],
      other.peer,
    );
  },
  async "is taken for dead, objects, and is lost"(one, { member, connect, close, other }) {
    connect(one.peer, "outbound", one.address);
    await member.view.received([one.alive()], one.peer);
    member.watchClosely([one.peer]);
    await member.view.received([other.over("dead", one.peer)], other.peer);
    await member.view.received([one.alive(10)], one.peer);
    close(one.peer);
    member.watchClosely([]);
    member.view.giveUp(one.peer, "it does not answer");
  },
};

/** A function of its own, so that none of its variables is left on the stack. */
async function comeAndGo(
  count: number,
  { running, time, passed }: {
    readonly running: Running;
    readonly time: VirtualTime;
    readonly passed: HiddenPeers;
  },
): Promise<void> {
  const ways = Object.values(WAYS);
  for (let i = 0; i < count; i++) {
    const one = new Newcomer();
    passed.add(one.peer);
    await ways[i % ways.length]?.(one, running);
    if (i % AT_ONCE === 0) await time.runUntil(time.now + 5_000);
  }
  const { member, other, sleep } = running;
  assert.ok(member.view.records().length > count / 2, "they were known");
  await time.runUntil(time.now + 60_000);
  sleep(TOMBSTONE_LIFE_MS);
  await time.runUntil(time.now + 60_000);
  // The limit on the rate of records is forgotten with the next one.
  await member.view.received([other.alive(2 + Math.floor(time.now))], other.peer);
}

Deno.test(`of ${MEMBERS} members with fresh identities that came and went a member keeps nothing`, async () => {
  const time = new VirtualTime();
  const running = { ...memberOf(time), other: new Newcomer() };
  const { member, connect, live, other } = running;
  member.start();
  member.view.announce(content());
  live(other.peer);
  connect(other.peer, "outbound", other.address);
  await member.view.received([other.alive()], other.peer);
  const passed = new HiddenPeers(MEMBERS + 1);
  await Heap.read(); // which loads modules
  const first = Math.ceil(MEMBERS / 4);
  await comeAndGo(first, { running, time, passed });
  const before = await Heap.read();
  await comeAndGo(MEMBERS - first, { running, time, passed });
  const after = await Heap.read();
  assert.deepEqual(member.view.members.map(({ peer }) => peer), [other.peer]);
  passed.add(other.peer);
  assert.deepEqual(passed.keptIn(after), [other.peer], "only the one that is here");
  const more = after.objects - before.objects;
  assert.ok(more < MEMBERS / 20, `${more} objects more than when ${first} had passed`);
  await member.finish();
});

Deno.test("a peer is dialled again where it was reached, unless that was a pipe", () => {
  const { member, connect, close } = memberOf(new VirtualTime());
  const { peer, address } = new Newcomer();
  connect(peer, "outbound", `/ip4/198.51.100.7/udp/47001/p2p-circuit/p2p/${peer}`);
  close(peer);
  assert.deepEqual(member.addressesOf(peer), []);
  connect(peer, "outbound", address);
  close(peer);
  assert.deepEqual(member.addressesOf(peer), [address]);
});

Deno.test(`of ${MEMBERS} nodes that a table has named a client keeps nothing`, async () => {
  let named: readonly PeerId[] = [];
  let isSilent = false;
  const table = (peers: readonly PeerId[] = named): RoutingTable =>
    buildRoutingTable(peers.map((peer) => ({
      ...content(),
      peer,
      addresses: [],
      rttsMs: {},
      incarnation: 1,
      seq: 1,
    })));
  const finder = new RouteFinder({
    clock: { now: () => 0, elapsed: () => 0, after: () => () => {} },
    random: Math.random,
    logger,
    stored: () => new Map(),
    table: table([new Newcomer().peer]),
    ask: () => isSilent ? Promise.reject(new Error("Nobody is there")) : Promise.resolve(table()),
    isHearsay: () => false,
    drop: () => {},
    changed: () => {},
  });
  const passed = new HiddenPeers(MEMBERS + AT_ONCE);
  for (let i = 0; i < MEMBERS; i += AT_ONCE) {
    await nameSome(finder, passed, (peers) => named = peers);
    isSilent = true;
    await askAll(finder, () => named);
    isSilent = false;
  }
  const lasting = new Newcomer().peer;
  named = [lasting];
  await finder.refresh({ force: true });
  passed.add(lasting);
  assert.deepEqual(passed.keptIn(await Heap.read()), [lasting], "only the one that is named now");
  await finder.stop();
});

async function nameSome(
  finder: RouteFinder,
  passed: HiddenPeers,
  name: (peers: readonly PeerId[]) => void,
): Promise<void> {
  const peers = Array.from({ length: AT_ONCE }, () => new Newcomer().peer);
  for (const peer of peers) passed.add(peer);
  name(peers);
  await finder.refresh({ force: true });
}

async function askAll(finder: RouteFinder, peers: () => readonly PeerId[]): Promise<void> {
  for (const peer of peers()) await finder.ask(peer, 60_000);
}
