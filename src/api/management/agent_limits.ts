/** The limits that a tool is told of a model: those that its instances announce. Pure. */

import type { ModelStatus } from "../base/types.ts";
import { AGENT_OUTPUT_MAX, AGENT_OUTPUT_SHARE } from "../base/defaults.ts";

/** In tokens. */
export interface AgentLimits {
  /** Of one request: its prompt and its answer together. */
  readonly context: number;
  /** The longest answer that a tool should ask for. */
  readonly output: number;
  /** Requests of this context that are answered at one time; `null` where a host does not say. */
  readonly slots: number | null;
}

/**
 * Of the instances with the largest context: a prompt that is too long for another one goes to them.
 * @returns `null` where nobody announces a context; then a tool is told no limit rather than a guess.
 */
export function limitsOf({ instances }: Pick<ModelStatus, "instances">): AgentLimits | null {
  const warm = instances.filter(({ state }) => state === "warm");
  const asked = warm.length > 0 ? warm : instances;
  const context = Math.max(0, ...asked.map(({ contextLength }) => contextLength ?? 0));
  if (context === 0) return null;
  const slots = asked.filter(({ contextLength }) => contextLength === context)
    .map(({ slots }) => slots ?? null);
  return {
    context,
    output: Math.max(1, Math.min(AGENT_OUTPUT_MAX, Math.floor(context * AGENT_OUTPUT_SHARE))),
    slots: slots.includes(null) ? null : slots.reduce<number>((sum, one) => sum + (one ?? 0), 0),
  };
}
