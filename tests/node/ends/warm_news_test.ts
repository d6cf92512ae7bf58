import assert from "node:assert/strict";
import type { RouteInstance, RoutingTable } from "../../../src/mesh/mod.ts";
import { WarmNews } from "../../../src/node/ends/warm_news.ts";

type Row = readonly [host: string, state: string, term?: number];

function tableOf(...instances: readonly Row[]): RoutingTable {
  const model = { name: "guide", fingerprint: "f" };
  return {
    instances: instances.map(([host, state, term = 1]) =>
      ({ host, state, term, model }) as unknown as RouteInstance
    ),
  } as unknown as RoutingTable;
}

Deno.test("Those who wait hear of each instance that becomes warm, and of nothing else", () => {
  let table = tableOf(["a", "warm"], ["b", "loading"]);
  const news = new WarmNews(() => table);
  let heard = 0;
  const end = news.subscribe(() => heard++);
  const after = (...instances: readonly Row[]) => {
    table = tableOf(...instances);
    heard = 0;
    news.check();
    return heard;
  };
  assert.equal(after(["a", "warm"], ["b", "loading"], ["c", "waiting"]), 0);
  assert.equal(after(["a", "warm"], ["b", "warm"]), 1);
  assert.equal(after(["b", "warm"]), 0, "one has gone");
  assert.equal(after(["b", "warm", 2]), 1, "it was loaded anew");
  end();
  assert.equal(after(["a", "warm"]), 0, "nobody waits");
  // A change while nobody waited is no news to who comes next: that one has looked.
  news.subscribe(() => heard++);
  assert.equal(after(["a", "warm"]), 0);
});
