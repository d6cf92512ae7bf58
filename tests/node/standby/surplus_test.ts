import assert from "node:assert/strict";
import fc from "fast-check";
import { isSurplus } from "../../../src/node/standby/surplus.ts";
import type { Member } from "../../../src/node/plan/view.ts";
import { instance, member, SMALL } from "../members.ts";

const leaving = (members: readonly Member[], maxActive: number) =>
  members.filter((self) => isSurplus(self, members.filter((one) => one !== self), maxActive))
    .map(({ peer }) => peer);

const host = (name: string) =>
  member(name, 10, { targets: [SMALL], instances: [instance(SMALL, "warm")] });

Deno.test("isSurplus() is for idle nodes of a mesh that is too large, the least memory first", () => {
  const idle = [member("p", 30), member("q", 10), member("r", 20), member("s", 10)];
  const hosts = [host("a"), host("b")];
  assert.deepEqual(leaving([...hosts, ...idle], 6), []);
  assert.deepEqual(leaving([...hosts, ...idle], 5), ["q"]);
  assert.deepEqual(leaving([...hosts, ...idle], 3), ["q", "r", "s"]);
  assert.deepEqual(leaving([...hosts, ...idle], 1), ["p", "q", "r", "s"]);
  assert.deepEqual(leaving(hosts, 1), [], "who serves stays");
});

Deno.test("isSurplus() leaves in the gossip who has claimed, follows, obeys or was told a model", () => {
  const busy = [
    member("claims", 1, { claims: [{ model: "small", reason: "unserved" }] }),
    member("follows", 1, { targets: [SMALL], assignable: true }),
    member("obeys", 1, { obeys: [{ host: host("a").peer, term: 1, ready: false }] }),
    member("told", 1, { targets: [SMALL] }),
  ];
  assert.deepEqual(leaving([host("a"), ...busy], 1), []);
});

Deno.test("all that have the same view choose the same, as many as are too many, and then nobody", () => {
  const mesh = fc.record({
    hosts: fc.nat(30),
    idle: fc.array(fc.nat(5), { maxLength: 60 }),
    maxActive: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(fc.property(mesh, ({ hosts, idle, maxActive }) => {
    const members = [
      ...Array.from({ length: hosts }, (_, i) => host(`host-${i}`)),
      ...idle.map((memory, i) => member(`idle-${i}`, memory)),
    ];
    const gone = new Set(leaving(members, maxActive));
    const excess = Math.max(0, members.length - maxActive);
    assert.equal(gone.size, Math.min(excess, idle.length));
    assert.deepEqual(leaving(members.filter(({ peer }) => !gone.has(peer)), maxActive), []);
  }));
});
