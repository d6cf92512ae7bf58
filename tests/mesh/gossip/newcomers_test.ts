import assert from "node:assert/strict";
import {
  HEARSAY_A_LINK,
  MAX_LIVING,
  MAX_MEMBERS,
  WAITING_A_TELLER,
} from "../../../src/mesh/base/defaults.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { Contacts } from "../../../src/mesh/gossip/contacts.ts";
import { Newcomers, quotaLinks } from "../../../src/mesh/gossip/newcomers.ts";
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import { Roster } from "../../../src/mesh/gossip/roster.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { content } from "../content.ts";

const peerOf = (i: number) => peerIdOf(new Uint8Array(32).fill(i & 255).fill(i >> 8, 0, 1));
const [SELF, SPONSOR, OTHER, THIRD] = [9_001, 9_002, 9_003, 9_004].map(peerOf) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];

function recordOf(
  peer: PeerId,
  { invite = "invite", rttsMs = {} }: { invite?: string; rttsMs?: Record<string, number> } = {},
): MeshRecord {
  const announcement = { ...content(), peer, addresses: [], rttsMs, incarnation: 1, seq: 1 };
  const bytes = new TextEncoder().encode(peer);
  const links = ["founder", invite, peer];
  const version = { incarnation: 1, seq: 1 };
  return { ...version, subject: peer, signer: peer, status: "alive", announcement, bytes, links };
}

/** A node that has dialled one peer and was dialled by two more. */
function nodeOf() {
  let nowMs = 0;
  const linked = [SPONSOR, OTHER, THIRD];
  const clock = { elapsed: () => nowMs };
  const roster = new Roster({ self: SELF, clock });
  const isConnected = (peer: PeerId) => linked.includes(peer);
  const contacts = new Contacts();
  const newcomers = new Newcomers({ roster, contacts, clock, isConnected, linked: () => linked });
  newcomers.dialled(SPONSOR);
  for (const peer of linked) newcomers.met(peer);
  roster.accept(linked.map((peer) => recordOf(peer)));
  const hear = (record: MeshRecord, from: PeerId) => {
    const verdict = newcomers.judge(record, from);
    if (verdict === "member" || verdict === "hearsay") {
      roster.accept([record], verdict === "hearsay");
    }
    return verdict;
  };
  return { roster, newcomers, hear, pass: (ms: number) => nowMs += ms };
}

Deno.test("the peer by which a node came tells it of everybody, up to the quota of an invite", () => {
  const { roster, hear } = nodeOf();
  const verdicts = Array.from({ length: 1_100 }, (_, i) => hear(recordOf(peerOf(i)), SPONSOR));
  assert.equal(verdicts.filter((verdict) => verdict === "member").length, MAX_MEMBERS - 3);
  assert.equal(verdicts.at(-1), "refused");
  assert.equal(hear(recordOf(peerOf(2_000), { invite: "another" }), SPONSOR), "member");
  for (let i = 3_000; i < 3_400; i++) hear(recordOf(peerOf(i), { invite: `${i}` }), SPONSOR);
  assert.equal(roster.size, MAX_LIVING);
});

Deno.test("of another peer's strangers a few wait, and two peers of long standing make one a member", () => {
  const { hear, newcomers, pass } = nodeOf();
  pass(200_000);
  const verdicts = Array.from({ length: 100 }, (_, i) => hear(recordOf(peerOf(i)), OTHER));
  assert.equal(verdicts.filter((verdict) => verdict === "waits").length, WAITING_A_TELLER);
  assert.ok(newcomers.toDial().length > 0);
  assert.equal(hear(recordOf(peerOf(0)), THIRD), "member");
  assert.deepEqual(newcomers.mentioned([peerOf(1)], THIRD).map(({ subject }) => subject), [
    peerOf(1),
  ]);
  assert.equal(hear(recordOf(OTHER), OTHER), "member", "who speaks for itself is one");
  pass(60_000);
  newcomers.tidy();
  assert.deepEqual(newcomers.toDial(), [], "the rest is forgotten");
});

Deno.test("whom one peer alone says that it reaches is a member by hearsay, of few for each invite", () => {
  const { hear, roster, pass } = nodeOf();
  pass(200_000);
  const strangers = Array.from({ length: 32 }, (_, i) => peerOf(i));
  const rttsMs = Object.fromEntries(strangers.map((peer) => [peer, 1]));
  const lister = { ...recordOf(OTHER, { rttsMs }), seq: 2 };
  hear(lister, OTHER);
  const verdicts = strangers.map((peer) => hear(recordOf(peer), OTHER));
  assert.equal(verdicts.filter((verdict) => verdict === "hearsay").length, HEARSAY_A_LINK);
  assert.ok(roster.isHearsay(peerOf(0)));
});

Deno.test("an inviter's invites count together, and the founder's are told apart", () => {
  assert.deepEqual(quotaLinks({ links: ["founder", "a", "inviter", "b", "node"] }), [
    "a",
    "inviter",
    "b",
  ]);
  assert.deepEqual(quotaLinks({ links: ["founder"] }), []);
});
