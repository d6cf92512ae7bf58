import assert from "node:assert/strict";
import fc from "fast-check";
import { findCircles, type ImportGraph } from "../../scripts/circles.ts";

function graph(arrows: Record<string, readonly string[]>): ImportGraph {
  return new Map(Object.entries(arrows));
}

const cases: [name: string, arrows: Record<string, readonly string[]>, circles: string[][]][] = [
  ["no file", {}, []],
  ["a chain", { a: ["b"], b: ["c"], c: [] }, []],
  ["two ways to one file", { a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, []],
  ["two files", { a: ["b"], b: ["a"] }, [["a", "b"]]],
  ["a file that imports itself", { a: ["a"] }, [["a"]]],
  ["a circle behind a chain", { a: ["b"], b: ["c"], c: ["d"], d: ["b"] }, [["b", "c", "d"]]],
  ["two circles that touch", { a: ["b"], b: ["a", "c"], c: ["b"] }, [["a", "b", "c"]]],
  ["two circles apart", { a: ["b"], b: ["a", "c"], c: ["d"], d: ["c"] }, [["c", "d"], ["a", "b"]]],
  ["a target that is no key", { a: ["b"] }, []],
];

for (const [name, arrows, circles] of cases) {
  Deno.test(`findCircles() knows ${name}`, () => {
    assert.deepEqual(findCircles(graph(arrows)), circles);
  });
}

Deno.test("findCircles() finds exactly the files that reach themselves", () => {
  const arrows = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 20 });
  fc.assert(fc.property(arrows, (pairs) => {
    const targets = (file: string) => pairs.filter(([a]) => `${a}` === file).map(([, b]) => `${b}`);
    const all = Array.from({ length: 10 }, (_, file) => `${file}`);
    const reached = (from: string, seen = new Set<string>()): Set<string> => {
      for (const next of targets(from)) {
        if (seen.has(next)) continue;
        seen.add(next);
        reached(next, seen);
      }
      return seen;
    };
    const expected = all.filter((file) => reached(file).has(file));
    const found = findCircles(new Map(all.map((file) => [file, targets(file)]))).flat();
    assert.deepEqual([...found].sort(), expected);
  }));
});
