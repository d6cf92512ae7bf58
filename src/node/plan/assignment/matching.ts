/** A possible match, and its cost: lower levels are used up first. */
export interface Edge<Node> {
  readonly node: Node;
  readonly level: number;
}

/**
 * Matches as many of `wanted` as can be, each with a node of its own, by augmenting paths: who is
 * matched already moves on where that makes room. `holding` are nodes that have something now, which
 * must be matched with another node before they can take anything else. Changes `holding` to what the
 * nodes have at the end; answers with what could not be matched.
 */
export function match<Node>(
  wanted: readonly string[],
  edgesOf: (name: string) => readonly Edge<Node>[],
  holding: Map<Node, string>,
): string[] {
  const names = [...wanted, ...holding.values()];
  const levels = new Set(names.flatMap((name) => edgesOf(name).map(({ level }) => level)));
  let open = [...wanted].sort((a, b) => edgesOf(a).length - edgesOf(b).length || (a < b ? -1 : 1));
  for (const level of [...levels].sort((a, b) => a - b)) {
    // From a node that led nowhere nothing leads anywhere, until a path was found elsewhere.
    let visited = new Set<Node>();
    open = open.filter((name) => {
      const found = augment(name, { level, edgesOf, holding, visited });
      if (found) visited = new Set();
      return !found;
    });
  }
  return open;
}

interface Search<Node> {
  readonly level: number;
  readonly edgesOf: (name: string) => readonly Edge<Node>[];
  readonly holding: Map<Node, string>;
  readonly visited: Set<Node>;
}

function augment<Node>(name: string, search: Search<Node>): boolean {
  const { level, edgesOf, holding, visited } = search;
  const edges = edgesOf(name).filter((edge) => edge.level <= level);
  const free = edges.find(({ node }) => !holding.has(node));
  if (free !== undefined) {
    holding.set(free.node, name);
    return true;
  }
  for (const { node } of edges) {
    if (visited.has(node)) continue;
    visited.add(node);
    const held = holding.get(node);
    if (held === name || held === undefined || !augment(held, search)) continue;
    holding.set(node, name);
    return true;
  }
  return false;
}
