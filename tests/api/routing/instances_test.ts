import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { LOAD_LEASE_MS } from "../../../src/api/base/defaults.ts";
import { AskedHosts } from "../../../src/api/routing/asked_hosts.ts";
import { InstanceSearch } from "../../../src/api/routing/instances.ts";
import { InstanceUnavailableError } from "../../../src/api/base/types.ts";
import { FakeNode, instance } from "../fake_node.ts";

function searchIn(
  node: FakeNode,
  { holdMs = 1, signal = new AbortController().signal } = {},
): InstanceSearch {
  return new InstanceSearch({
    node,
    hosts: new AskedHosts(() => 0),
    routing: { model: "guide", conversation: "", streamed: true },
    requestId: "r",
    bodyBytes: 2,
    signal,
    logger: getLogger("test"),
    holdMs,
  });
}

Deno.test("The rest of an answer whose only instance is lost has its model loaded from another disk", async () => {
  const node = new FakeNode({ warm: [instance("a")] });
  const search = searchIn(node);
  const lost = await search.next();
  search.began(lost);
  node.becomeWarm([]);
  search.failed(lost, new InstanceUnavailableError("It ended", { wasAsked: true }));
  await assert.rejects(search.next());
  assert.ok(node.asked.length > 0, "nobody was asked to load it");
  assert.match(node.asked[0]!, /^requestLoad guide/);
});

/** Its work before this model is done after the third look. */
class BusyNode extends FakeNode {
  override async refresh(): Promise<void> {
    await super.refresh();
    if (this.refreshes === 3) this.becomeWarm([instance("tower")]);
  }
}

Deno.test("A request whose model waits for its turn waits as long as that takes, and says so", async () => {
  const node = new BusyNode({ obstacles: [{ kind: "turn", model: "guide", by: ["tower"] }] });
  const search = searchIn(node);
  assert.equal(search.waitsFor, null);
  // Any other request is given up after a millisecond here.
  const found = await search.next();
  assert.equal(found.host, "tower");
  assert.match(search.waitsFor ?? "", /'guide' waits until what tower answers now has ended/);
  search.began(found);
  assert.equal(search.waitsFor, null);
});

Deno.test("A request that is held goes on as soon as its model is warm, and leaves nothing that listens", async () => {
  const node = new FakeNode({ coming: ["guide"] });
  const search = searchIn(node, { holdMs: 60_000 });
  const found = search.next();
  await node.refreshed(1);
  await delay(0); // it has looked, and waits
  const { refreshes } = node;
  node.becomeWarm([instance("tower")]);
  assert.equal((await found).host, "tower");
  assert.equal(node.refreshes, refreshes, "it went on by its own look after a while");
  assert.equal(node.waiting, 0);
});

Deno.test("A model is asked for again while its request is held, for a moment each time, and for long where it is refused", async () => {
  const coming: string[] = [];
  const node = new FakeNode({ coming });
  node.onDisk.push("guide");
  const times: (number | undefined)[] = [];
  const ending = new AbortController();
  node.onLoad = ({ forMs }) => {
    times.push(forMs);
    coming.push("guide"); // from now on it loads
    if (times.length === 2) ending.abort(new Error("Its caller has left"));
  };
  const held = searchIn(node, { holdMs: 60_000, signal: ending.signal });
  await assert.rejects(held.next(), /Its caller has left/);
  assert.deepEqual(times, [LOAD_LEASE_MS, LOAD_LEASE_MS]);
  coming.length = 0;
  await assert.rejects(searchIn(node, { holdMs: 0 }).next());
  assert.deepEqual(times.slice(2), [LOAD_LEASE_MS, undefined]);
});

Deno.test("A context that one instance can't have is asked of the others before it is refused", async () => {
  const warm = [256, 512].map((contextLength) =>
    instance(`of ${contextLength}`, "guide", { contextLength })
  );
  const node = new FakeNode({ warm, coming: ["guide"] });
  const search = searchIn(node, { holdMs: 60_000 });
  const first = await search.next();
  search.lacksRoom(first, `${first.host} has no memory`);
  const other = await search.next();
  assert.notEqual(other.host, first.host);
  search.failed(
    other,
    new InstanceUnavailableError("It is loaded anew", { isRetired: true, wasAsked: false }),
  );
  node.becomeWarm([first]);
  const found = search.next();
  await node.refreshed(1);
  await delay(0); // it has looked, and waits
  node.becomeWarm(warm);
  assert.equal((await found).host, other.host);
  search.lacksRoom(other, `${other.host} has no memory`);
  const refusal = { kind: "bad-body", reason: "of 512 has no memory", param: "options.num_ctx" };
  await assert.rejects(search.next(), { refusal });
});
