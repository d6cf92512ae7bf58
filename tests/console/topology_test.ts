import assert from "node:assert/strict";
import fc from "fast-check";
import { machines } from "../../console/src/lib/mesh_view.ts";
import { LINE_PX, topology } from "../../console/src/lib/topology.ts";
import { instance, MINI, model, peer, SELF, status, TOWER } from "../support/console_status.ts";

function meshOf(peers: number) {
  return machines(status({
    peers: Array.from(
      { length: peers },
      (_, index) => peer({ id: `p${index}`, name: `n${index}` }),
    ),
  }));
}

const SIZE = { width: 700, height: 360 };

Deno.test("topology() puts this machine in the middle", () => {
  const { nodes, links } = topology(meshOf(3), SIZE);
  const self = nodes.get(SELF);
  assert.equal(self?.x, 350);
  assert.equal(nodes.size, 4);
  assert.deepEqual(links.map(({ from }) => from), [SELF, SELF, SELF]);
});

Deno.test("topology() keeps every machine inside the picture and apart from every other", () => {
  const width = fc.integer({ min: 320, max: 1600 });
  const peers = fc.integer({ min: 0, max: 50 });
  fc.assert(
    fc.property(width, peers, (width, count) => {
      const { nodes } = topology(meshOf(count), { width, height: 420 });
      const placed = [...nodes.values()];
      assert.equal(placed.length, count + 1);
      for (const { x, y, radius } of placed) {
        assert.ok(x - radius >= 0 && x + radius <= width && y - radius >= 0 && y + radius <= 420);
      }
      for (const [index, a] of placed.entries()) {
        for (const b of placed.slice(index + 1)) {
          assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > a.radius + b.radius, `${a.id} on ${b.id}`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("topology() has names while there is room for them", () => {
  assert.equal(topology(meshOf(4), SIZE).labels, true);
  assert.equal(topology(meshOf(50), SIZE).labels, false);
});

Deno.test("topology() joins a host with its workers, this machine or not", () => {
  const split = instance({ mode: "split", host: TOWER, workers: [{ id: MINI, share: 0.5 }] });
  const others = machines(status({
    node: { model: null, role: "standby" },
    peers: [peer({ role: "worker" }), peer({ id: TOWER, role: "host" })],
    models: [model({ instances: [split] })],
  }));
  const kinds = topology(others, SIZE).links.map(({ kind, from, to }) => [kind, from, to]);
  assert.deepEqual(kinds, [
    ["link", SELF, TOWER],
    ["link", SELF, MINI],
    ["split", TOWER, MINI],
  ]);
  const own = machines(status({
    peers: [peer({ role: "worker" })],
    models: [model({ instances: [{ ...split, host: SELF }] })],
  }));
  assert.deepEqual(
    topology(own, SIZE).links.map(({ kind, from, to, peer }) => [kind, from, to, peer]),
    [["split", SELF, MINI, MINI]],
  );
});

Deno.test("topology() joins two machines once, however many models they share", () => {
  const split = instance({ mode: "split", host: TOWER, workers: [{ id: MINI, share: 0.5 }] });
  const shown = machines(status({
    peers: [peer({ role: "worker" }), peer({ id: TOWER, role: "host" })],
    models: ["a", "b"].map((name) => model({ name, instances: [split] })),
  }));
  const splits = topology(shown, SIZE).links.filter(({ kind }) => kind === "split");
  assert.deepEqual(splits.map(({ from, to }) => [from, to]), [[TOWER, MINI]]);
});

Deno.test("topology() leaves room for each line of a label", () => {
  const lowest = (lines: number) =>
    Math.max(
      ...[...topology(meshOf(4), { ...SIZE, height: 480, lines }).nodes.values()].map(({ y }) => y),
    );
  assert.ok(lowest(3) <= lowest(1) - 2 * LINE_PX);
});

Deno.test("topology() places members of one instance side by side", () => {
  const peers = ["a", "b", "c", "d"].map((id) => peer({ id, name: id }));
  const split = instance({ mode: "split", host: "a", workers: [{ id: "c", share: 0.5 }] });
  const shown = machines(status({ peers, models: [model({ instances: [split] })] }));
  const { nodes } = topology(shown, SIZE);
  const order = [...nodes.keys()].slice(1);
  assert.equal(Math.abs(order.indexOf("a") - order.indexOf("c")), 1);
});
