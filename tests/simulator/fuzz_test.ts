/**
 * A member that says anything to all others, in any order. MESH_LLM_FUZZ_RUNS: so many runs; MESH_LLM_FUZZ_SEED: the
 * seed of one that failed, as its report says.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { announcementSchema, announcementToWire } from "../../src/mesh/gossip/announcement_wire.ts";
import type { EntropyMessage } from "../../src/mesh/gossip/gossip_messages.ts";
import { encodeCbor } from "../../src/mesh/base/cbor.ts";
import { MAX_ANNOUNCEMENT_BYTES } from "../../src/mesh/base/message_defaults.ts";
import { MAX_MEMBERS } from "../../src/mesh/base/defaults.ts";
import { fitAnnouncement } from "../../src/mesh/gossip/fit_announcement.ts";
import { peerIdOf } from "../../src/mesh/base/keys.ts";
import { MAX_NOTICED_VERSION } from "../../src/mesh/base/names.ts";
import type { MeshRecord } from "../../src/mesh/gossip/record.ts";
import type { Announcement } from "../../src/mesh/base/announcement.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import { anyAnnouncement } from "../mesh/any_announcement.ts";
import { Random } from "./random.ts";
import type { NodeSetup } from "./scenario.ts";
import { simModel } from "./scenarios.ts";
import type { SimNode } from "./sim_node.ts";
import { World } from "./world.ts";

const RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 25);
const SEED = Deno.env.get("MESH_LLM_FUZZ_SEED");

const HONEST = 5;
const GB = 1e9;
const MODELS = [simModel(0, 4 * GB), simModel(1, 20 * GB)];

/** The subject of a record: an honest node, the sender itself, or a node that is not there. */
type Subject = { readonly honest: number } | "sender" | { readonly nobody: number };

type Saying =
  | { readonly kind: "alive"; readonly about: Subject; readonly announcement: Announcement }
  | { readonly kind: "dead" | "left"; readonly about: Subject; readonly ahead: number }
  | { readonly kind: "entropy"; readonly message: EntropyMessage }
  | { readonly kind: "again" }
  | { readonly kind: "wait"; readonly forMs: number };

const nobody = peerIdOf(new Uint8Array(32).fill(1));
const about: fc.Arbitrary<Subject> = fc.oneof(
  fc.record({ honest: fc.nat(HONEST - 1) }),
  fc.constant("sender" as const),
  fc.record({ nobody: fc.nat(300) }),
);
const version = fc.nat(2 ** 31 - 1).map((value) => value * 2 ** 13);
const name = fc.oneof(fc.constant(nobody as string), fc.string({ maxLength: 64 }));
const entropy = fc.oneof(
  fc.tuple(fc.constant("digest" as const), fc.array(fc.nat(), { minLength: 16, maxLength: 16 })),
  fc.tuple(
    fc.constant("versions" as const),
    fc.array(fc.nat(15), { maxLength: 16 }),
    fc.array(
      fc.record({ peer: name, incarnation: version, seq: version, mark: fc.nat() }),
      { maxLength: 200 },
    ),
  ),
  fc.tuple(fc.constant("want" as const), fc.array(name, { maxLength: 200 })),
) as unknown as fc.Arbitrary<EntropyMessage>;

const saying: fc.Arbitrary<Saying> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("alive" as const),
      about,
      announcement: anyAnnouncement(nobody),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("dead" as const, "left" as const),
      about,
      ahead: fc.oneof(fc.constantFrom(0, 1), version),
    }),
  },
  fc.record({ kind: fc.constant("entropy" as const), message: entropy }),
  fc.record({ kind: fc.constant("again" as const) }),
  fc.record({ kind: fc.constant("wait" as const), forMs: fc.nat(30_000) }),
);

function worldOf(): World {
  const nodes = Array.from({ length: HONEST + 1 }, (_, index): NodeSetup => ({
    memoryBytes: 16 * GB,
    told: MODELS[index] ?? null,
    models: MODELS,
    split: false,
    idle: index === HONEST,
    skewMs: 0,
    startsAtMs: index * 10,
    token: index === 0 ? [] : [0],
  }));
  const setup = { nodes, faults: [], joinedAtMs: 0, quietAtMs: 0 };
  return new World(setup, new Random(7));
}

/** Everybody signs for itself, but for the dead; only what passes for a record comes to a handler. */
function recordOf(
  world: World,
  saying: Extract<Saying, { about: Subject }>,
): MeshRecord | undefined {
  const sender = world.nodes[HONEST] as SimNode;
  const { about } = saying;
  const subject = about === "sender"
    ? sender.peer
    : "honest" in about
    ? (world.nodes[about.honest] as SimNode).peer
    : peerIdOf(new Uint8Array(32).fill(about.nobody & 255).fill(about.nobody >> 8, 0, 1));
  const isOwn = about === "sender" || "nobody" in about;
  if (isOwn === (saying.kind === "dead")) return undefined;
  const known = sender.member.view.announcementOf(subject) ?? { incarnation: 5, seq: 5 };
  const signed = { subject, signer: isOwn ? subject : sender.peer };
  const links = ["founder", "invite", signed.signer];
  if (saying.kind !== "alive") {
    const [incarnation, seq] = [known.incarnation, known.seq + saying.ahead]
      .map((value) => Math.min(value, MAX_NOTICED_VERSION)) as [number, number];
    const { kind: status } = saying;
    return world.signatures.sign({
      ...signed,
      status,
      incarnation,
      seq,
      links,
      announcement: null,
    });
  }
  const announcement = fitAnnouncement({
    ...saying.announcement,
    peer: subject,
    incarnation: known.incarnation,
    seq: known.seq + 1,
  });
  if (!announcementSchema.safeParse(announcementToWire(announcement)).success) return undefined;
  const { incarnation, seq } = announcement;
  return world.signatures.sign({
    ...signed,
    status: "alive",
    incarnation,
    seq,
    links,
    announcement,
  });
}

async function say(world: World, one: Saying, said: MeshRecord[]): Promise<void> {
  const sender = world.nodes[HONEST] as SimNode;
  if (one.kind === "wait") return await world.time.runUntil(world.time.now + one.forMs);
  const record = "about" in one ? recordOf(world, one) : undefined;
  if (record !== undefined) said.push(record);
  const records = one.kind === "again" ? said : record === undefined ? [] : [record];
  for (const node of world.nodes.slice(0, HONEST)) {
    if (!node.links.isConnected(sender.peer)) continue;
    const { view } = node.member;
    if (one.kind === "entropy") view.told(one.message, sender.peer);
    else await view.received(records.map(({ bytes }) => bytes), sender.peer);
  }
  await world.time.runUntil(world.time.now + 20);
}

function check(world: World, said: readonly MeshRecord[]): void {
  assert.deepEqual(world.violations, []);
  const honest = world.nodes.slice(0, HONEST);
  const peers = new Set<PeerId>(honest.map(({ peer }) => peer));
  for (const { name, member: { view } } of honest) {
    const own = view.own as Announcement;
    assert.equal(announcementSchema.safeParse(announcementToWire(own)).error, undefined, name);
    assert.ok(encodeCbor(announcementToWire(own)).byteLength <= MAX_ANNOUNCEMENT_BYTES);
    assert.ok(view.records().length <= 2 * MAX_MEMBERS);
    assert.ok(view.members.length <= HONEST + said.length);
    const others = view.members.filter(({ peer }) => peers.has(peer));
    assert.equal(others.length, HONEST - 1, `${name} knows ${others.length} honest others`);
  }
}

Deno.test("whatever a member says, in whatever order, nothing ends and honest members know each other", async () => {
  const property = fc.asyncProperty(
    fc.array(saying, { minLength: 1, maxLength: 25 }),
    fc.constantFrom(5_000, 130_000),
    async (sayings, fromMs) => {
      const world = worldOf();
      world.begin();
      await world.time.runUntil(fromMs);
      const said: MeshRecord[] = [];
      for (const one of sayings) await say(world, one, said);
      await world.time.runUntil(world.time.now + 30_000);
      check(world, said);
    },
  );
  await fc.assert(property, {
    numRuns: RUNS,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  });
});
