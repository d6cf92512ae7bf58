import fc from "fast-check";
import assert from "node:assert/strict";
import { anyModel, rendezvousOrder, warmIds } from "../../../src/api/routing/choose.ts";
import { instance } from "../fake_node.ts";

const hosts = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 12,
});

Deno.test("anyModel() takes the node's own, else any warm one", () => {
  const warm = [instance("a", "large"), instance("b", "guide"), instance("c", "large")];
  const table: [string | null, typeof warm, string | undefined][] = [
    ["large", warm, "large"],
    ["cold", warm, "guide"],
    [null, warm, "guide"],
    ["guide", [], undefined],
  ];
  for (const [own, instances, expected] of table) {
    assert.equal(anyModel(own, instances), expected, `${own}`);
  }
});

Deno.test("warmIds() has each id once, in order", () => {
  const warm = [instance("a", "z"), instance("b", "a"), instance("c", "z")];
  assert.deepEqual(warmIds(warm), ["a", "z"]);
});

Deno.test("rendezvousOrder() is the same order for every gateway, however it learnt of the instances", () => {
  fc.assert(fc.property(hosts, fc.string(), fc.infiniteStream(fc.nat()), (names, start, keys) => {
    const known = names.map((name) => instance(name));
    const shuffled = known
      .map((one) => ({ one, key: keys.next().value ?? 0 }))
      .sort((a, b) => a.key - b.key)
      .map(({ one }) => one);
    assert.deepEqual(rendezvousOrder(shuffled, start), rendezvousOrder(known, start));
    assert.deepEqual(new Set(rendezvousOrder(known, start)), new Set(known));
  }));
});

Deno.test("rendezvousOrder() keeps the order of those that stay when an instance goes", () => {
  fc.assert(fc.property(hosts, fc.string(), fc.nat(), (names, start, nth) => {
    const known = names.map((name) => instance(name));
    const gone = known[nth % known.length];
    const before = rendezvousOrder(known, start).filter((one) => one !== gone);
    assert.deepEqual(rendezvousOrder(known.filter((one) => one !== gone), start), before);
  }));
});

Deno.test("rendezvousOrder() spreads conversations evenly, and those of a lost instance over all others", () => {
  const known = ["a", "b", "c", "d"].map((name) => instance(name));
  const firsts = new Map<string, number>();
  const seconds = new Map<string, number>();
  const conversations = 4_000;
  for (let n = 0; n < conversations; n++) {
    const [first, second] = rendezvousOrder(known, `conversation ${n}`);
    firsts.set(first!.host, (firsts.get(first!.host) ?? 0) + 1);
    if (first!.host === "a") seconds.set(second!.host, (seconds.get(second!.host) ?? 0) + 1);
  }
  // Five standard deviations of a fair choice: 4,000 over 4, and about 1,000 over 3.
  for (const { host } of known) assert.ok(Math.abs(firsts.get(host)! - 1_000) < 140, host);
  for (const host of ["b", "c", "d"]) assert.ok(Math.abs(seconds.get(host)! - 333) < 100, host);
});

Deno.test("rendezvousOrder() orders the instances of two models independently", () => {
  const orders = Array.from(
    { length: 64 },
    (_, n) =>
      ["x", "y"].map((model) =>
        rendezvousOrder(["a", "b"].map((host) => instance(host, model)), `${n}`)[0]!.host
      ),
  );
  assert.ok(orders.some(([x, y]) => x !== y));
  assert.ok(orders.some(([x, y]) => x === y));
});
