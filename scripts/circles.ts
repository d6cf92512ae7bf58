/** Circles of files that import each other, types too: neither can be read, moved or tested without the other. Pure. */

/** The imports of each file, all by their paths from the project's root. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/**
 * The groups of files of which each reaches all others: the strongly connected components of more than one file, and
 * files that import themselves. Tarjan, "Depth-first search and linear graph algorithms", 1972.
 */
export function findCircles(graph: ImportGraph): readonly (readonly string[])[] {
  const search = new CircleSearch(graph);
  for (const file of graph.keys()) search.visit(file);
  return search.circles;
}

class CircleSearch {
  readonly circles: string[][] = [];
  readonly #graph: ImportGraph;
  readonly #order = new Map<string, number>();
  /** The earliest visited file that each file reaches. */
  readonly #lowest = new Map<string, number>();
  readonly #open: string[] = [];

  constructor(graph: ImportGraph) {
    this.#graph = graph;
  }

  visit(file: string): void {
    if (this.#order.has(file)) return;
    const order = this.#order.size;
    this.#order.set(file, order);
    this.#lowest.set(file, order);
    this.#open.push(file);
    for (const next of this.#graph.get(file) ?? []) {
      if (!this.#order.has(next)) this.visit(next);
      else if (!this.#open.includes(next)) continue;
      this.#lowest.set(file, Math.min(this.#low(file), this.#low(next)));
    }
    if (this.#low(file) === order) this.#close(file);
  }

  /** All that was opened since belongs together. */
  #close(file: string): void {
    const members = this.#open.splice(this.#open.indexOf(file));
    const reachesItself = this.#graph.get(file)?.includes(file) ?? false;
    if (members.length > 1 || reachesItself) this.circles.push(members.sort());
  }

  #low(file: string): number {
    return this.#lowest.get(file) ?? 0;
  }
}
