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
import type { MeshRecord } from "../../../src/mesh/gossip/record.ts";
import type { Roster } from "../../../src/mesh/gossip/roster.ts";
import { content } from "../content.ts";
import { silentRoster } from "./silent_roster.ts";

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

const known = ({ membership }: Roster) =>
  [...membership].map(([peer, { record }]) => `${peer} ${record.bytes}`).sort();

Deno.test("memberships that say the same have one digest, and others differ", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(anyRecord), (left, right) => {
    const [a, b] = [silentRoster(left), silentRoster(right)];
    const isEqual = known(a).join() === known(b).join();
    const digest = ({ membership }: Roster) => digestOf(membership, 0);
    assert.equal(differingBuckets(digest(a), digest(b)).length === 0, isEqual);
    const reversed = [...a.membership.values()].map(({ record }) => record).reverse();
    assert.deepEqual(digest(silentRoster(reversed)), digest(a));
  }));
});

Deno.test("one exchange makes two memberships one, whatever each of them has missed", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(anyRecord), (left, right) => {
    const [a, b] = [silentRoster(left), silentRoster(right)];
    const buckets = differingBuckets(digestOf(a.membership, 0), digestOf(b.membership, 0));
    const versions = () => versionsIn(a.membership, buckets, 0);
    const exchange = () => exchangeFor(b.membership, { buckets, versions: versions(), now: 0 });
    const { give, want } = exchange();
    const back = recordsOf(a.membership, want);
    a.accept(give);
    b.accept(back);
    // Two records of one version that differ are told apart by their bytes, which one side alone has.
    const again = exchange();
    a.accept(recordsOf(b.membership, again.want));
    b.accept(recordsOf(a.membership, again.want));
    assert.deepEqual(known(a), known(b));
    assert.deepEqual(known(a), known(silentRoster([...left, ...right])));
  }));
});

Deno.test("an old tombstone is taught to nobody", () => {
  const [subject] = PEERS;
  assert.ok(subject);
  const notice = { subject, signer: subject, incarnation: 1, seq: 1, announcement: null };
  const dead: MeshRecord = { ...notice, status: "dead", bytes: Uint8Array.of(1) };
  const { membership } = silentRoster([dead]);
  const buckets = [...Array(16).keys()];
  const gives = (now: number) =>
    exchangeFor(membership, { buckets, versions: [], now }).give.length;
  assert.equal(gives(TOMBSTONE_TOLD_MS - 1), 1);
  assert.equal(gives(TOMBSTONE_TOLD_MS), 0);
  assert.deepEqual(digestOf(membership, TOMBSTONE_TOLD_MS), digestOf(new Map(), 0));
});
