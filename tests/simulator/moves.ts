/** Everything that each node does for each model over time, and whether any of it is undone without a reason. */

import type { Plan } from "../../src/node/plan/plan.ts";
import { modelKey } from "../../src/node/plan/view.ts";
import type { SimNode } from "./sim_node.ts";

/** No move is undone for so long, unless there is a new reason. */
const LASTS_MS = 300_000;

/** News of a reason reaches everybody, and what that leads to others, within it. */
const HEARD_MS = 10_000;

interface Move {
  readonly atMs: number;
  readonly before: string;
}

const NOTHING = "nothing";

export class Moves {
  readonly #now: () => number;
  /** By node and model: what it does now, and its latest move. */
  readonly #done = new Map<string, string>();
  readonly #latest = new Map<string, Move>();
  readonly #keys = new Map<SimNode, ReadonlySet<string>>();
  #lastReasonMs = -Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something has happened that may change plans: a node came or went, a user or a caller wants something else. */
  reason(): void {
    this.#lastReasonMs = this.#now();
  }

  /** Returns what the node has undone. */
  look(node: SimNode, plans: readonly Plan[]): string[] {
    const now = new Map(plans.flatMap((plan) => entryOf(node, plan) ?? []));
    const before = this.#keys.get(node) ?? new Set();
    this.#keys.set(node, new Set(now.keys()));
    return [...new Set([...before, ...now.keys()])]
      .flatMap((key) => this.#moved(key, now.get(key) ?? NOTHING) ?? []);
  }

  /** Its process has ended: it has moved nothing. */
  forget(node: SimNode): void {
    for (const key of this.#keys.get(node) ?? []) this.#done.delete(key);
    this.#keys.delete(node);
    this.reason();
  }

  #moved(key: string, now: string): string | undefined {
    const before = this.#done.get(key) ?? NOTHING;
    if (before === now) return undefined;
    const atMs = this.#now();
    const last = this.#latest.get(key);
    this.#latest.set(key, { atMs, before });
    if (now === NOTHING) this.#done.delete(key);
    else this.#done.set(key, now);
    if (last?.before !== now || atMs - last.atMs > LASTS_MS) return undefined;
    if (this.#lastReasonMs > last.atMs - HEARD_MS) return undefined;
    const [name, model] = JSON.parse(key) as [string, string];
    const times = `at ${Math.round(last.atMs)} ms, and at ${Math.round(atMs)} ms`;
    return `${name} did ${now} for ${model}, ${before} ${times} ${now} again without a new reason`;
  }
}

function entryOf({ name }: SimNode, plan: Plan): readonly (readonly [string, string])[] {
  if (plan.kind !== "solo" && plan.kind !== "host" && plan.kind !== "worker") return [];
  const key = JSON.stringify([name, modelKey(plan.model)]);
  return [[key, doingOf(plan)]];
}

/** Another term, or another order of the same workers, is no other work. */
function doingOf(plan: Extract<Plan, { kind: "solo" | "host" | "worker" }>): string {
  switch (plan.kind) {
    case "solo":
      return "solo";
    case "host":
      return `host of ${plan.workers.map(({ peer }) => peer).sort().join(" and ")}`;
    case "worker":
      return `worker of ${plan.host}`;
  }
}
