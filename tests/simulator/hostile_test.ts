/** A hostile message of one member, and its effect on the others. */

import assert from "node:assert/strict";
import { announcementSchema, announcementToWire } from "../../src/mesh/gossip/announcement_wire.ts";
import type { MeshRecord } from "../../src/mesh/gossip/record.ts";
import type { Announcement } from "../../src/mesh/base/announcement.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import { HEARSAY_A_LINK } from "../../src/mesh/base/defaults.ts";
import { NEWCOMER_RATE } from "../../src/mesh/base/rate_defaults.ts";
import { MAX_ORPHANS } from "../../src/node/plan/defaults.ts";
import { type Plan, planKey } from "../../src/node/plan/plan.ts";
import { content } from "../mesh/content.ts";
import { Random } from "./random.ts";
import type { NodeSetup, SimModel } from "./scenario.ts";
import { simModel } from "./scenarios.ts";
import type { SimNode } from "./sim_node.ts";
import { newPeer, World } from "./world.ts";

const GB = 1e9;

/** The last node says what the test has it say; the others serve and plan. */
function meshOf(size: number, model: SimModel = simModel(0, 4 * GB)): World {
  const nodes = Array.from({ length: size }, (_, index): NodeSetup => ({
    memoryBytes: 8 * GB,
    told: index === 0 ? model : null,
    models: index === size - 1 ? [] : [model],
    split: false,
    idle: index === size - 1,
    skewMs: 0,
    startsAtMs: index * 10,
    token: index === 0 ? [] : [0],
  }));
  const world = new World({ nodes, faults: [], joinedAtMs: 0, quietAtMs: 0 }, new Random(size));
  world.begin();
  return world;
}

function own(node: SimNode): Announcement {
  const { own } = node.member.view;
  assert.ok(own, `${node.name} says nothing`);
  return own;
}

/** Identities that a member makes with its invite, and what they say of themselves. */
function identities(
  { signatures, random }: World,
  count: number,
  changes: (peers: readonly PeerId[], index: number) => Partial<Announcement> = () => ({}),
): MeshRecord[] {
  const peers = Array.from({ length: count }, () => newPeer(random));
  return peers.map((peer, index) => {
    const address = `/ip4/192.0.2.1/udp/${1_000 + index}/quic-v1/p2p/${peer}`;
    const announcement: Announcement = {
      ...content({ name: "nobody" }),
      peer,
      addresses: [address],
      rttsMs: {},
      incarnation: 1_800_000_000_000,
      seq: 1,
      ...changes(peers, index),
    };
    const version = { incarnation: announcement.incarnation, seq: announcement.seq };
    const links = ["founder", "invite", peer];
    return signatures.sign({
      ...version,
      subject: peer,
      signer: peer,
      status: "alive",
      announcement,
      links,
    });
  });
}

/** Sends them to everybody whom the member is connected to. */
function flood(from: SimNode, records: readonly MeshRecord[]): void {
  for (const peer of from.links.connectedMembers()) from.links.send(peer, records);
}

/** Of the nodes of the world whom this one takes for alive, itself aside; and how many others. */
function seen({ peers }: World, { member: { view } }: SimNode) {
  const known = view.members.filter(({ peer }) => peers.has(peer)).map(({ peer }) => peer);
  return { known: known.length, strangers: view.members.length - known.length };
}

/** The work of each node, by name: no identity may change it. */
function services(nodes: readonly SimNode[]): string[] {
  return nodes.map(({ name, serving }) => `${name}: ${planKey(serving?.job.plan as Plan)}`);
}

const many = (name: string) => Array.from({ length: 200 }, (_, i) => `${name}-${i}`);

Deno.test("a node that announces 200 wanted names and leaves ends no other, and leaves few of them behind", async () => {
  const world = meshOf(4);
  await world.time.runUntil(10_000);
  const [hoarder, ...others] = world.nodes.toReversed();
  assert.ok(hoarder);
  hoarder.member.view.announce(content({ wanted: many("hoarded") }));
  await world.time.runUntil(20_000);
  await hoarder.stop();
  await world.time.runUntil(60_000);
  assert.deepEqual(world.violations, []);
  for (const node of others) {
    const { wanted } = own(node);
    assert.ok(wanted.length <= 16, `${node.name} wants ${wanted.length}`);
    assert.ok(wanted.includes("model-0") || node.index > 0);
  }
});

Deno.test("honest nodes that leave hundreds of names behind end nobody either", async () => {
  const world = meshOf(30);
  await world.time.runUntil(10_000);
  const leaving = world.nodes.slice(10);
  for (const node of leaving) {
    node.serving?.stop();
    node.member.view.announce(content({ name: node.name, wanted: many(`of-${node.index}`) }));
  }
  await world.time.runUntil(20_000);
  for (const node of leaving) node.crash();
  await world.time.runUntil(90_000);
  assert.deepEqual(world.violations, []);
  for (const node of world.living) {
    const { wanted } = own(node);
    assert.ok(wanted.length <= MAX_ORPHANS + 2);
    assert.equal(announcementSchema.safeParse(announcementToWire(own(node))).error, undefined);
    assert.equal(node.member.view.members.length, 9);
  }
});

Deno.test("members that offer more memory than there is do not make a host's own words impossible", async () => {
  const model = simModel(0, 100 * GB);
  const world = meshOf(4, model);
  await world.time.runUntil(10_000);
  const liar = world.nodes.at(-1) as SimNode;
  const { machine: { engine } } = own(world.nodes[0] as SimNode);
  const { name, fingerprint } = model;
  liar.member.view.announce(content({
    memoryBytes: 2 ** 50,
    models: [{ name, fingerprint, sizeBytes: 2 ** 50, needBytes: 2 ** 50 }],
    targets: [{ name, fingerprint }],
    engine,
  }));
  await world.time.runUntil(60_000);
  assert.deepEqual(world.violations, []);
  assert.ok(world.living.every((node) => node.member.view.members.length === 3));
});

Deno.test("one member with 10,000 identities leaves the others' view and service as they were", async () => {
  // Soon after the mesh has started, and when it has long caught up.
  for (const [size, atMs] of [[3, 10_000], [12, 10_000], [20, 150_000]] as const) {
    const world = meshOf(size);
    const [attacker, ...others] = world.nodes.toReversed();
    assert.ok(attacker);
    await world.time.runUntil(atMs);
    const before = services(others);
    for (let wave = 0; wave < 5; wave++) {
      flood(attacker, identities(world, 2_000));
      await world.time.runUntil(world.time.now + 20_000);
    }
    for (const node of others) {
      assert.deepEqual(seen(world, node), { known: size - 1, strangers: 0 }, node.name);
    }
    assert.deepEqual(services(others), before);
    assert.deepEqual(world.violations, []);
  }
});

Deno.test("identities that vouch for each other are few, and an honest newcomer is known to all", async () => {
  const world = meshOf(10);
  const [attacker, newcomer, ...others] = world.nodes.toReversed();
  assert.ok(attacker && newcomer);
  await world.time.runUntil(10_000);
  newcomer.crash();
  await world.time.runUntil(150_000);
  for (let wave = 0; wave < 5; wave++) {
    const records = identities(world, 1_000, (peers, index) => ({
      rttsMs: Object.fromEntries(peers.slice(index, index + 32).map((peer) => [peer, 1])),
    }));
    const rttsMs = Object.fromEntries(records.slice(0, 32).map(({ subject }) => [subject, 1]));
    const own = attacker.member.view.own as Announcement;
    const seq = own.seq + 1 + wave;
    flood(attacker, [
      world.signatures.sign({
        subject: attacker.peer,
        signer: attacker.peer,
        status: "alive",
        incarnation: own.incarnation,
        seq,
        announcement: { ...own, seq, rttsMs },
        links: ["founder", "invite", attacker.peer],
      }),
      ...records,
    ]);
    await world.time.runUntil(world.time.now + 10_000);
    flood(attacker, records);
    await world.time.runUntil(world.time.now + 10_000);
  }
  newcomer.start();
  await world.time.runUntil(world.time.now + 10_000);
  for (const node of others) {
    const { known, strangers } = seen(world, node);
    assert.equal(known, 9, node.name);
    assert.ok(strangers <= HEARSAY_A_LINK, `${node.name} knows ${strangers} strangers`);
  }
  assert.deepEqual(world.violations, []);
});

Deno.test("a mesh too large for everybody to be connected keeps its members, and takes strangers in slowly", async () => {
  const world = meshOf(45);
  const [attacker, newcomer, ...others] = world.nodes.toReversed();
  assert.ok(attacker && newcomer);
  await world.time.runUntil(10_000);
  newcomer.crash();
  await world.time.runUntil(150_000);
  const before = services(others);
  for (let wave = 0; wave < 5; wave++) {
    flood(attacker, identities(world, 2_000));
    await world.time.runUntil(world.time.now + 5_000);
  }
  newcomer.start();
  await world.time.runUntil(world.time.now + 15_000);
  for (const node of others) {
    const { known, strangers } = seen(world, node);
    assert.equal(known, 44, node.name);
    const most = NEWCOMER_RATE.burst + 40 * NEWCOMER_RATE.perSecond;
    assert.ok(strangers <= most, `${node.name} knows ${strangers} strangers`);
  }
  assert.deepEqual(services(others), before);
  assert.deepEqual(world.violations, []);
});
