import assert from "node:assert/strict";
import fc from "fast-check";
import { type Edge, match } from "../../../../src/node/plan/assignment/matching.ts";

type Graph = Readonly<Record<string, readonly (readonly [node: string, level: number])[]>>;

function matched(graph: Graph, wanted: readonly string[], held: Readonly<Record<string, string>>) {
  const holding = new Map(Object.entries(held));
  const edges = (name: string): Edge<string>[] =>
    (graph[name] ?? []).map(([node, level]) => ({ node, level }));
  const open = match(wanted, edges, holding);
  return { open, holding };
}

Deno.test("match() uses cheaper nodes up first", () => {
  const { holding } = matched({ x: [["dear", 1], ["cheap", 0]] }, ["x"], {});
  assert.deepEqual([...holding], [["cheap", "x"]]);
});

Deno.test("match() moves who is matched already where that makes room", () => {
  const { open, holding } = matched({ x: [["a", 0]], y: [["a", 0], ["b", 0]] }, ["y"], { a: "x" });
  assert.deepEqual(open, []);
  assert.deepEqual([...holding].sort(), [["a", "x"], ["b", "y"]]);
  const next = matched({ x: [["a", 0], ["b", 0]], y: [["a", 0]] }, ["y"], { a: "x" });
  assert.deepEqual([...next.holding].sort(), [["a", "y"], ["b", "x"]]);
});

Deno.test("match() leaves what is held alone where it finds no other place for it", () => {
  const { open, holding } = matched({ x: [["a", 0]], y: [["a", 0]] }, ["y"], { a: "x" });
  assert.deepEqual([open, [...holding]], [["y"], [["a", "x"]]]);
});

const anyEdges = fc.array(fc.tuple(fc.nat(5), fc.nat(2)), { maxLength: 6 });

Deno.test("match() matches as many as any choice does, and keeps what was held", () => {
  const graphs = fc.array(anyEdges, { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(graphs, fc.nat(2), (rows, holders) => {
    const names = rows.map((_, index) => `m${index}`);
    const graph = Object.fromEntries(
      rows.map((
        edges,
        index,
      ) => [`m${index}`, edges.map(([node, level]) => [`n${node}`, level] as const)]),
    );
    const held = Object.fromEntries(
      names.slice(0, holders).flatMap((name) => {
        const [node] = graph[name]?.[0] ?? [];
        return node === undefined ? [] : [[node, name]];
      }),
    );
    const wanted = names.filter((name) => !Object.values(held).includes(name));
    const { open, holding } = matched(graph, wanted, held);
    const given = [...holding.values()];
    assert.equal(new Set(given).size, given.length);
    for (const name of Object.values(held)) assert.ok(given.includes(name));
    for (const [node, name] of holding) assert.ok(graph[name]?.some(([one]) => one === node));
    const most = largest([...wanted, ...Object.values(held)], graph);
    assert.equal(open.length, wanted.length + Object.keys(held).length - most);
  }));
});

/** The size of the largest matching, by trying everything. */
function largest(
  names: readonly string[],
  graph: Graph,
  used: ReadonlySet<string> = new Set(),
): number {
  const [name, ...rest] = names;
  if (name === undefined) return 0;
  const choices = (graph[name] ?? []).map(([node]) => node).filter((node) => !used.has(node));
  return Math.max(
    largest(rest, graph, used),
    ...choices.map((node) => 1 + largest(rest, graph, new Set([...used, node]))),
  );
}
