import type { RoutingTable } from "../../mesh/mod.ts";

/** Tells those who wait for a model that an instance answers which did not. Tables are compared only while somebody waits. */
export class WarmNews {
  readonly #table: () => RoutingTable;
  readonly #listeners = new Set<() => void>();
  #before: ReadonlySet<string> = new Set();

  constructor(table: () => RoutingTable) {
    this.#table = table;
  }

  /** Calls back for each of them until the result is called. */
  subscribe(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#before = warmIn(this.#table());
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The table may be another. */
  check(): void {
    if (this.#listeners.size === 0) return;
    const now = warmIn(this.#table());
    const isNews = [...now].some((key) => !this.#before.has(key));
    this.#before = now;
    if (isNews) { for (const listener of [...this.#listeners]) listener(); }
  }
}

function warmIn({ instances }: RoutingTable): ReadonlySet<string> {
  const warm = instances.filter(({ state }) => state === "warm");
  return new Set(
    warm.map(({ host, model, term }) => `${host} ${term} ${model.fingerprint} ${model.name}`),
  );
}
