import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_MEMBERS, TOMBSTONE_LIFE_MS } from "../../../src/mesh/base/defaults.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { isVouchedFor, saysTheSame } from "../../../src/mesh/gossip/membership.ts";
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import type { Roster } from "../../../src/mesh/gossip/roster.ts";
import type { PeerId } from "../../../src/mesh/base/peer_id.ts";
import { content } from "../content.ts";
import { silentRoster } from "./silent_roster.ts";

const PEERS = [1, 2, 3].map((i) => peerIdOf(new Uint8Array(32).fill(i)));
const [A, B, C] = PEERS as [PeerId, PeerId, PeerId];

const STATUSES = ["alive", "dead", "left"] as const;

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
  const bytes = Uint8Array.of(
    PEERS.indexOf(subject),
    incarnation,
    seq,
    STATUSES.indexOf(status),
    mark,
  );
  return { subject, signer: subject, incarnation, seq, status, announcement, bytes };
}

const anyRecord = fc.record({
  subject: fc.constantFrom(...PEERS),
  version: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
  status: fc.constantFrom(...STATUSES),
  mark: fc.integer({ min: 0, max: 2 }),
}).map(({ subject, version, status, mark }) => record(subject, version, status, mark));

function oneByOne(records: readonly MeshRecord[]): Roster {
  const roster = silentRoster();
  for (const one of records) roster.accept([one]);
  return roster;
}

const recordsOf = ({ membership }: Roster) => [...membership.values()].map(({ record }) => record);

/** The content of a roster, without the times at which it was heard. */
function view({ membership }: Roster): unknown {
  return [...membership].map(([peer, { record }]) => [peer, record]).sort();
}

Deno.test("accept() gives the same view for the same records in any order, any number of times and in any batches", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(fc.nat()), (records, order) => {
    const shuffled = records.map((r, i) => [order[i] ?? 0, r] as const)
      .sort(([a], [b]) => a - b).map(([, r]) => r);
    const expected = view(oneByOne(records));
    assert.deepEqual(view(oneByOne(shuffled)), expected);
    assert.deepEqual(view(oneByOne([...records, ...shuffled])), expected);
    assert.deepEqual(view(silentRoster(shuffled)), expected);
  }));
});

Deno.test("accept() is associative: views that were made apart agree when they meet", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(anyRecord), (left, right) => {
    const [ours, theirs] = [oneByOne(left), oneByOne(right)];
    const [l, r] = [recordsOf(ours), recordsOf(theirs)];
    ours.accept(r);
    theirs.accept(l);
    assert.deepEqual(view(ours), view(theirs));
    assert.deepEqual(view(ours), view(oneByOne([...left, ...right])));
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
      assert.equal(oneByOne(order).recordOf(A), winner, name);
    }
  }
});

Deno.test("accept() says what has changed for whom", () => {
  const start = () => silentRoster([record(A, [1, 1], "alive", 5)]);
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
    const [first, ...rest] = start().accept([r]);
    assert.deepEqual([first?.change, first?.name ?? ""], [change, name]);
    assert.equal(rest.length, 0);
  }
  const unchanged = start();
  const { revision, members } = unchanged;
  unchanged.accept([record(A, [1, 0])]);
  assert.equal(unchanged.revision, revision);
  assert.equal(unchanged.members, members);
  const twice = start().accept([record(A, [1, 1], "dead"), record(A, [2, 0])]);
  assert.deepEqual(twice.map(({ change }) => change), ["updated"]);
});

Deno.test("whatever is accepted, forgotten and expelled, all lists of a roster say the same", () => {
  const anyStep = fc.oneof(
    fc.array(anyRecord, { maxLength: 4 }),
    fc.constant("forget" as const),
    fc.constantFrom(...PEERS),
  );
  fc.assert(fc.property(fc.array(anyStep), (steps) => {
    let nowMs = 0;
    const roster = silentRoster([], () => nowMs);
    for (const step of steps) {
      if (typeof step === "object") roster.accept(step);
      else if (step !== "forget") roster.expel(({ subject }) => subject === step);
      else {
        nowMs += TOMBSTONE_LIFE_MS;
        roster.forget();
      }
      const records = recordsOf(roster);
      const living = records.flatMap(({ announcement }) => announcement ?? []);
      assert.deepEqual(roster.members, living.sort((a, b) => a.peer < b.peer ? -1 : 1));
      assert.equal(roster.size, living.length);
      const over = roster.over.map(({ record }) => record);
      assert.deepEqual(new Set(over), new Set(records.filter((one) => one.status !== "alive")));
      for (const one of records) assert.equal(roster.find(Uint8Array.from(one.bytes)), one);
    }
  }));
});

Deno.test("a tombstone is forgotten after its time, a living member never", () => {
  let nowMs = 0;
  const roster = silentRoster([record(A, [1, 1], "dead"), record(B, [1, 1])], () => nowMs);
  const known = () => recordsOf(roster).map(({ subject }) => subject);
  nowMs = TOMBSTONE_LIFE_MS - 1;
  roster.forget();
  assert.deepEqual(known(), [A, B]);
  nowMs = TOMBSTONE_LIFE_MS;
  roster.forget();
  assert.deepEqual(known(), [B]);
});

Deno.test("the last addresses of the dead are kept, to look for them there", () => {
  const alive = record(A, [1, 1], "alive", 5);
  const { membership } = oneByOne([alive, record(A, [1, 1], "dead")]);
  assert.deepEqual(membership.get(A)?.last, alive.announcement);
});

Deno.test("strangers beyond the limit are not kept, and news of the known are", () => {
  const peer = (i: number) => `peer-${i}` as typeof A;
  const many = Array.from({ length: 2 * MAX_MEMBERS + 5 }, (_, i) => record(peer(i), [1, 1]));
  const roster = silentRoster(many);
  assert.equal(roster.membership.size, 2 * MAX_MEMBERS);
  const changes = roster.accept([record(peer(0), [1, 2]), record(peer(9_999), [1, 1])]);
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

Deno.test("what a node says for the first time, or no more, is news as what it says otherwise", () => {
  const told = {
    ...content(),
    peer: "p" as PeerId,
    addresses: [],
    rttsMs: {},
    incarnation: 1,
    seq: 1,
  };
  const more = { ...told, seq: 2, relays: [{ peer: "r" as PeerId, addresses: [] }] };
  assert.equal(saysTheSame(told, { ...told, seq: 2, rttsMs: { x: 1 } }), true);
  assert.equal(saysTheSame(told, more), false);
  assert.equal(saysTheSame(more, told), false);
});
