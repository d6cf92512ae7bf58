import type { ModelRef } from "../../mesh/mod.ts";
import { DEMAND_WINDOW_MS, LEAST_DEMAND } from "./defaults.ts";

interface Load {
  readonly inFlight: number;
  /** Requests in flight on average, older ones counting ever less. */
  readonly average: number;
  readonly atMs: number;
}

/** How much the models of this node are asked for. Time is an argument. */
export class Demand {
  readonly #endedMs = new Map<string, number>();
  readonly #loads = new Map<string, Load>();
  #announced: Readonly<Record<string, number>> = {};

  /** A request for the model has come. */
  begin(model: string, nowMs: number): void {
    this.#count(model, 1, nowMs);
  }

  /** Its answer has ended. */
  end(model: string, nowMs: number): void {
    this.#count(model, -1, nowMs);
    this.#endedMs.set(model, nowMs);
  }

  /** When its last answer has ended; `undefined` while one is given, 0 where it was never asked for. */
  idleSinceMs(model: string): number | undefined {
    const inFlight = this.#loads.get(model)?.inFlight ?? 0;
    return inFlight > 0 ? undefined : this.#endedMs.get(model) ?? 0;
  }

  /** Whether anything was asked for lately. */
  get isThere(): boolean {
    return this.#loads.size > 0;
  }

  /** The demand to announce: steps of two, so that drift costs no gossip. Demand close to zero is left out. */
  steps(nowMs: number): Readonly<Record<string, number>> {
    const steps: Record<string, number> = {};
    for (const [model, load] of this.#loads) {
      const { average, inFlight } = advance(load, nowMs);
      const step = nextStep(this.#announced[model], average);
      if (step > 0) steps[model] = step;
      else if (inFlight === 0) this.#loads.delete(model);
    }
    this.#announced = steps;
    return steps;
  }

  #count(model: string, change: number, nowMs: number): void {
    const load = advance(this.#loads.get(model) ?? { inFlight: 0, average: 0, atMs: nowMs }, nowMs);
    this.#loads.set(model, { ...load, inFlight: load.inFlight + change });
  }
}

function advance({ inFlight, average, atMs }: Load, nowMs: number): Load {
  const kept = Math.exp(-(nowMs - atMs) / DEMAND_WINDOW_MS);
  return { inFlight, average: average * kept + inFlight * (1 - kept), atMs: nowMs };
}

/** How far beyond its step's edge an average must lie to leave it. Chosen by feel. */
const HYSTERESIS = 1.25;

/** The power of two at or above the average; one near an edge stays in the step where it was. 0 is nothing. */
export function nextStep(current: number | undefined, average: number): number {
  const stays = current !== undefined && average <= current * HYSTERESIS &&
    average >= current / 2 / HYSTERESIS;
  if (stays) return current;
  return average < LEAST_DEMAND ? 0 : 2 ** Math.ceil(Math.log2(average));
}

/** Passes on what serves a model, and notes that it is asked for. */
export type Counting = <Found>(model: ModelRef, server: Found | null) => Found | null;

/** Counts a request of another node from when its model is known to its end. */
export async function countRequest(
  demand: Demand,
  handle: (counting: Counting) => Promise<void>,
): Promise<void> {
  let counted: string | undefined;
  try {
    await handle((model, server) => {
      if (server !== null && counted === undefined) {
        counted = model.name;
        demand.begin(counted, Date.now());
      }
      return server;
    });
  } finally {
    if (counted !== undefined) demand.end(counted, Date.now());
  }
}

/**
 * Counts a request of this node's own gateway until its signal aborts, as it does when the answer has ended. It is not
 * known by its id: callers choose ids, and two at one time may have the same.
 */
export function countUntilAborted(
  demand: Demand,
  model: string,
  signal: AbortSignal,
  now: () => number = Date.now,
): void {
  if (signal.aborted) return;
  demand.begin(model, now());
  signal.addEventListener("abort", () => demand.end(model, now()), { once: true });
}
