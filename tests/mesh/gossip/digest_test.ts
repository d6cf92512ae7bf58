import assert from "node:assert/strict";
import fc from "fast-check";
import { TOMBSTONE_TOLD_MS } from "../../../src/mesh/base/defaults.ts";
import {
  differingBuckets,
  digestOf,
  exchangeFor,
  recordsOf,
  versionsIn,
} from "../../../src/mesh/gossip/digest.ts";
import { peerIdOf } from "../../../src/mesh/base/keys.ts";
import { EMPTY_MEMBERSHIP, type Membership, merge } from "../../../src/mesh/gossip/membership.ts";
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import { content } from "../content.ts";

const PEERS = Array.from({ length: 12 }, (_, i) => peerIdOf(new Uint8Array(32).fill(i)));

const anyRecord = fc.record({
  subject: fc.constantFrom(...PEERS),
  incarnation: fc.integer({ min: 0, max: 2 }),
  seq: fc.integer({ min: 0, max: 2 }),
  status: fc.constantFrom("alive" as const, "dead" as const, "left" as const),
  mark: fc.integer({ min: 0, max: 2 }),
}).map(({ subject, incarnation, seq, status, mark }): MeshRecord => ({
  subject,
  signer: subject,
  incarnation,
  seq,
  status,
  announcement: status === "alive"
    ? { ...content(), peer: subject, addresses: [], rttsMs: {}, incarnation, seq }
    : null,
  bytes: Uint8Array.of(subject.charCodeAt(20), incarnation, seq, status.length, mark),
}));

const membershipOf = (records: readonly MeshRecord[]) =>
  merge(EMPTY_MEMBERSHIP, records, 0).membership;

const known = (membership: Membership) =>
  [...membership].map(([peer, { record }]) => `${peer} ${record.bytes}`).sort();

Deno.test("memberships that say the same have one digest, and others differ", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(anyRecord), (left, right) => {
    const [a, b] = [membershipOf(left), membershipOf(right)];
    const isEqual = known(a).join() === known(b).join();
    assert.equal(differingBuckets(digestOf(a, 0), digestOf(b, 0)).length === 0, isEqual);
    const reversed = membershipOf([...a.values()].map(({ record }) => record).reverse());
    assert.deepEqual(digestOf(reversed, 0), digestOf(a, 0));
  }));
});

Deno.test("one exchange makes two memberships one, whatever each of them has missed", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(anyRecord), (left, right) => {
    let [a, b] = [membershipOf(left), membershipOf(right)];
    const buckets = differingBuckets(digestOf(a, 0), digestOf(b, 0));
    const versions = versionsIn(a, buckets, 0);
    const { give, want } = exchangeFor(b, { buckets, versions, now: 0 });
    const back = recordsOf(a, want);
    a = merge(a, give, 0).membership;
    b = merge(b, back, 0).membership;
    // Two records of one version that differ are told apart by their bytes, which one side alone has.
    const again = exchangeFor(b, { buckets, versions: versionsIn(a, buckets, 0), now: 0 });
    a = merge(a, recordsOf(b, again.want), 0).membership;
    b = merge(b, recordsOf(a, again.want), 0).membership;
    assert.deepEqual(known(a), known(b));
    assert.deepEqual(known(a), known(membershipOf([...left, ...right])));
  }));
});

Deno.test("an old tombstone is taught to nobody", () => {
  const [subject] = PEERS;
  assert.ok(subject);
  const notice = { subject, signer: subject, incarnation: 1, seq: 1, announcement: null };
  const dead: MeshRecord = { ...notice, status: "dead", bytes: Uint8Array.of(1) };
  const membership = membershipOf([dead]);
  const buckets = [...Array(16).keys()];
  const gives = (now: number) =>
    exchangeFor(membership, { buckets, versions: [], now }).give.length;
  assert.equal(gives(TOMBSTONE_TOLD_MS - 1), 1);
  assert.equal(gives(TOMBSTONE_TOLD_MS), 0);
  assert.deepEqual(digestOf(membership, TOMBSTONE_TOLD_MS), digestOf(EMPTY_MEMBERSHIP, 0));
});
