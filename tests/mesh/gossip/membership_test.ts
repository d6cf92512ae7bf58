import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_MEMBERS, TOMBSTONE_LIFE_MS } from "../../../src/mesh/base/defaults.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import {
  EMPTY_MEMBERSHIP,
  forgettable,
  isVouchedFor,
  type Membership,
  merge,
  placeMember,
} from "../../../src/mesh/gossip/membership.ts";
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import type { Announcement, PeerId } from "../../../src/mesh/base/types.ts";
import { content } from "../content.ts";

const PEERS = [1, 2, 3].map((i) => peerIdOf(new Uint8Array(32).fill(i)));
const [A, B, C] = PEERS as [PeerId, PeerId, PeerId];

function record(
  subject: typeof A,
  [incarnation, seq]: [number, number],
  status: MeshRecord["status"] = "alive",
  mark = 0,
): MeshRecord {
  const announcement = status === "alive"
    ? {
      ...content({ name: `${mark}` }),
      peer: subject,
      addresses: [],
      rttsMs: {},
      incarnation,
      seq,
    }
    : null;
  const bytes = new Uint8Array([mark]);
  return { subject, signer: subject, incarnation, seq, status, announcement, bytes };
}

const anyRecord = fc.record({
  subject: fc.constantFrom(...PEERS),
  version: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
  status: fc.constantFrom("alive" as const, "dead" as const, "left" as const),
  mark: fc.integer({ min: 0, max: 2 }),
}).map(({ subject, version, status, mark }) => record(subject, version, status, mark));

function mergeAll(records: readonly MeshRecord[], start = EMPTY_MEMBERSHIP): Membership {
  return records.reduce((membership, r) => merge(membership, [r], 0).membership, start);
}

/** The content of a membership, without the times at which it was heard. */
function view(membership: Membership): unknown {
  return [...membership].map(([peer, { record }]) => [peer, record]).sort();
}

Deno.test("merge() gives the same view for the same records in any order, any number of times and in any batches", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(fc.nat()), (records, order) => {
    const shuffled = records.map((r, i) => [order[i] ?? 0, r] as const)
      .sort(([a], [b]) => a - b).map(([, r]) => r);
    const expected = view(mergeAll(records));
    assert.deepEqual(view(mergeAll(shuffled)), expected);
    assert.deepEqual(view(mergeAll([...records, ...shuffled])), expected);
    assert.deepEqual(view(merge(EMPTY_MEMBERSHIP, shuffled, 0).membership), expected);
  }));
});

Deno.test("merge() is associative: views that were merged apart agree when they meet", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(anyRecord), (left, right) => {
    const [l, r] = [mergeAll(left), mergeAll(right)];
    const ours = merge(l, [...r.values()].map((entry) => entry.record), 0).membership;
    const theirs = merge(r, [...l.values()].map((entry) => entry.record), 0).membership;
    assert.deepEqual(view(ours), view(theirs));
    assert.deepEqual(view(ours), view(mergeAll([...left, ...right])));
  }));
});

Deno.test("the higher incarnation wins, then the higher seq, then the end of a life", () => {
  const cases: [string, MeshRecord, MeshRecord][] = [
    ["seq", record(A, [1, 2]), record(A, [1, 1])],
    ["incarnation", record(A, [2, 0]), record(A, [1, 9])],
    ["death of the same version", record(A, [1, 1], "dead"), record(A, [1, 1])],
    ["goodbye over death", record(A, [1, 1], "left"), record(A, [1, 1], "dead")],
    ["a return from the dead", record(A, [1, 2]), record(A, [1, 1], "dead")],
    ["death against older gossip", record(A, [1, 2], "dead"), record(A, [1, 1])],
  ];
  for (const [name, winner, loser] of cases) {
    for (const order of [[winner, loser], [loser, winner]]) {
      assert.equal(mergeAll(order).get(A)?.record, winner, name);
    }
  }
});

Deno.test("merge() says what has changed for whom", () => {
  const start = mergeAll([record(A, [1, 1], "alive", 5)]);
  const cases: [MeshRecord, string | undefined, string][] = [
    [record(A, [1, 1], "alive", 5), undefined, ""],
    [record(A, [1, 2], "alive", 6), "updated", "6"],
    [record(A, [1, 2], "alive", 5), "measured", "5"],
    [record(A, [1, 1], "dead"), "died", "5"],
    [record(A, [1, 1], "left"), "left", "5"],
    [record(B, [1, 1], "alive", 7), "joined", "7"],
    [record(B, [1, 1], "dead"), "updated", B],
  ];
  for (const [r, change, name] of cases) {
    const [first, ...rest] = merge(start, [r], 0).changes;
    assert.deepEqual([first?.change, first?.name ?? ""], [change, name]);
    assert.equal(rest.length, 0);
  }
  const unchanged = merge(start, [record(A, [1, 0])], 0);
  assert.equal(unchanged.membership, start);
  const twice = merge(start, [record(A, [1, 1], "dead"), record(A, [2, 0])], 0);
  assert.deepEqual(twice.changes.map(({ change }) => change), ["updated"]);
});

Deno.test("the living are kept in the order of their PeerIds, without the dead", () => {
  fc.assert(fc.property(fc.array(anyRecord), (records) => {
    const members: Announcement[] = [];
    let membership = EMPTY_MEMBERSHIP;
    for (const one of records) {
      const merged = merge(membership, [one], 0);
      membership = merged.membership;
      for (const change of merged.changes) placeMember(members, change.record);
    }
    const living = [...membership.values()].flatMap(({ record }) => record.announcement ?? []);
    assert.deepEqual(members, living.sort((a, b) => a.peer < b.peer ? -1 : 1));
  }));
});

Deno.test("a tombstone is forgotten after its time, a living member never", () => {
  const membership = mergeAll([record(A, [1, 1], "dead"), record(B, [1, 1])]);
  assert.deepEqual(forgettable(membership, TOMBSTONE_LIFE_MS - 1), []);
  assert.deepEqual(forgettable(membership, TOMBSTONE_LIFE_MS), [A]);
});

Deno.test("where the dead were last heard of is kept, to look for them there", () => {
  const alive = record(A, [1, 1], "alive", 5);
  const membership = mergeAll([alive, record(A, [1, 1], "dead")]);
  assert.deepEqual(membership.get(A)?.last, alive.announcement);
});

Deno.test("strangers beyond the limit are not kept, and news of the known are", () => {
  const peer = (i: number) => `peer-${i}` as typeof A;
  const many = Array.from({ length: 2 * MAX_MEMBERS + 5 }, (_, i) => record(peer(i), [1, 1]));
  const { membership } = merge(EMPTY_MEMBERSHIP, many, 0);
  assert.equal(membership.size, 2 * MAX_MEMBERS);
  const { changes } = merge(membership, [record(peer(0), [1, 2]), record(peer(9_999), [1, 1])], 0);
  assert.deepEqual(changes.map(({ record }) => record.subject), [peer(0)]);
});

Deno.test("a peer is vouched for where connections lead to it, by what those on the way say", () => {
  const { announcement } = record(A, [1, 1]);
  assert.ok(announcement);
  const member = (peer: PeerId, ...connected: PeerId[]) => ({
    ...announcement,
    peer,
    rttsMs: Object.fromEntries(connected.map((other) => [other, 1])),
  });
  const cases: [string, ReturnType<typeof member>[], boolean][] = [
    ["one that is connected to it", [member(A, C)], true],
    ["one that is not", [member(A)], false],
    ["nobody", [], false],
    ["one that is connected to one that is", [member(A, B), member(B, A, C)], true],
    ["others that nobody here reaches", [member(A), member(B, C), member(C, B)], false],
  ];
  for (const [who, members, expected] of cases) {
    assert.equal(isVouchedFor(C, members, (peer) => peer === A), expected, who);
  }
  assert.equal(isVouchedFor(C, [member(A, C)], () => false), false);
});
