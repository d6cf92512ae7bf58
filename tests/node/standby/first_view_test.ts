import assert from "node:assert/strict";
import type { MeshEvent, PeerId } from "../../../src/mesh/mod.ts";
import { firstView } from "../../../src/node/standby/first_view.ts";

const [SELF, A, B] = ["self", "a", "b"] as PeerId[] as [PeerId, PeerId, PeerId];

/** The knowledge of a joining node, changed by hand; its clock stands still until `expire`. */
function joining() {
  const listeners = new Set<(event: MeshEvent) => void>();
  let members: PeerId[] = [];
  let table = { nodes: [] as PeerId[], partial: true };
  let expire = () => {};
  let isOver = false;
  const mesh = {
    self: SELF,
    members: () => members.map((peer) => ({ peer })) as never,
    routes: () => ({ ...table, nodes: table.nodes.map((peer) => ({ peer })) as never }),
    subscribe: (listener: (event: MeshEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const ending = new AbortController();
  const after = (_ms: number, run: () => void) => {
    expire = run;
    return () => {};
  };
  const done = firstView(mesh, ending.signal, after).then(() => isOver = true);
  return {
    listeners,
    ending,
    done,
    expire: () => expire(),
    /** Whether it is over once it has heard that. */
    async hears(who: PeerId[], nodes: PeerId[], partial = false): Promise<boolean> {
      [members, table] = [who, { nodes, partial }];
      for (const listener of [...listeners]) listener({ type: "members" });
      await new Promise((resolve) => setTimeout(resolve));
      return isOver;
    },
  };
}

Deno.test("a node that joins plans once it has heard of everybody in the first table", async () => {
  const node = joining();
  assert.equal(await node.hears([A], [A], true), false, "nobody has sent the whole table");
  assert.equal(await node.hears([A], [A, B, SELF]), false, "one of two");
  assert.equal(await node.hears([A, B], [A, B, SELF]), true);
  assert.equal(node.listeners.size, 0);
});

Deno.test("a table without anybody is no mesh yet", async () => {
  const node = joining();
  assert.equal(await node.hears([], []), false);
  assert.equal(await node.hears([A], [A]), true);
});

Deno.test("a node of the table that never comes is not waited for for ever, nor is the end of the program", async () => {
  const late = joining();
  assert.equal(await late.hears([A], [A, B]), false);
  late.expire();
  await late.done;
  const ended = joining();
  ended.ending.abort();
  await ended.done;
  assert.equal(late.listeners.size + ended.listeners.size, 0);
});
