import assert from "node:assert/strict";
import fc from "fast-check";
import { electHost } from "../../../src/mesh/gossip/election.ts";

Deno.test("electHost() takes the most memory, then the highest PeerId", () => {
  const cases: [[string, number][], string | undefined][] = [
    [[], undefined],
    [[["a", 1]], "a"],
    [[["a", 2], ["b", 1]], "a"],
    [[["a", 1], ["b", 1]], "b"],
    [[["B", 1], ["a", 1]], "a"],
    [[["c", 1], ["a", 3], ["b", 3]], "b"],
  ];
  for (const [list, host] of cases) {
    assert.equal(electHost(list.map(([peer, memoryBytes]) => ({ peer, memoryBytes }))), host);
  }
});

Deno.test("the order of the candidates does not matter", () => {
  const candidate = fc.record({ peer: fc.string(), memoryBytes: fc.integer({ min: 0, max: 3 }) });
  fc.assert(fc.property(fc.array(candidate), (candidates) => {
    assert.equal(electHost(candidates), electHost(candidates.toReversed()));
  }));
});
