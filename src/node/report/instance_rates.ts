/** How fast each instance answers, as this node has seen it in the answers that it has passed on. */

import type { RequestRecord } from "../../api/mod.ts";
import { isNamed } from "../../base/model_ids.ts";
import type { RouteInstance } from "../../mesh/mod.ts";
import { RATE_ANSWERS, RATE_TOKENS_MIN } from "../plan/defaults.ts";
import { modelKey } from "../plan/view.ts";

type Answer = Pick<
  RequestRecord,
  | "model"
  | "host"
  | "streamed"
  | "tokensOut"
  | "firstByteMs"
  | "totalMs"
  | "continuations"
>;

type Known = Pick<RouteInstance, "host" | "model" | "term">;

/** Tokens a second of one request; an instance that is loaded anew is another one. */
export class InstanceRates {
  #rates: ReadonlyMap<string, readonly number[]> = new Map();

  /** Forgets instances that are not there any more. */
  add(answer: Answer, instances: readonly Known[]): void {
    const rate = rateOf(answer);
    const answered = instances.find(({ host, model }) =>
      host === answer.host && isNamed(answer.model, model)
    );
    if (rate === null || answered === undefined) return;
    const key = keyOf(answered);
    const known = new Set(instances.map(keyOf));
    const kept = [...this.#rates].filter(([one]) => known.has(one));
    const latest = [...this.#rates.get(key) ?? [], rate].slice(-RATE_ANSWERS);
    this.#rates = new Map([...kept, [key, latest]]);
  }

  /** The middle one of its latest answers; `undefined` where this node has passed on none. */
  perSecond(instance: Known): number | undefined {
    const rates = this.#rates.get(keyOf(instance))?.toSorted((a, b) => a - b);
    const middle = rates?.[Math.floor(rates.length / 2)];
    return middle === undefined ? undefined : Math.round(middle * 10) / 10;
  }
}

function keyOf({ host, model, term }: Known): string {
  return JSON.stringify([host, modelKey(model), term]);
}

/** Without the first token, which waits for the prompt; `null` for an answer that tells nothing of one instance. */
function rateOf(
  { streamed, tokensOut, firstByteMs, totalMs, continuations }: Answer,
): number | null {
  if (!streamed || firstByteMs === null || continuations > 0) return null;
  const spanMs = totalMs - firstByteMs;
  if (tokensOut === null || tokensOut < RATE_TOKENS_MIN || spanMs <= 0) return null;
  return (tokensOut - 1) * 1_000 / spanMs;
}
