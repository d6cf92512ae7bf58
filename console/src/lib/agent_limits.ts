/** The models that tools can ask, and the limits that they are told. Pure. */

import type { Agents } from "./api.ts";
import { countOf, displayName, formatContext } from "./format.ts";
import { STATE_TEXT } from "./words.ts";
import type { ModelView } from "./mesh_shapes.ts";

/** Those that answer or will, the ready ones first: a request for another one waits for it. */
export function agentModels<T extends Pick<ModelView, "state">>(
  models: readonly T[],
): readonly T[] {
  const states: readonly ModelView["state"][] = ["warm", "loading", "turn"];
  return states.flatMap((state) => models.filter((model) => model.state === state));
}

/** With its state, unless it is ready. */
export function optionText({ name, state }: Pick<ModelView, "name" | "state">): string {
  return state === "warm" ? displayName(name) : `${displayName(name)} (${STATE_TEXT[state]})`;
}

/** A text of all that the limits follow from: another one where they may be others. */
export function announcedLimits(model: Pick<ModelView, "instances"> | undefined): string {
  const shapes = model?.instances.map(({ state, contextLength, slots }) =>
    `${state} ${contextLength} ${slots}`
  );
  return shapes?.join(", ") ?? "";
}

/** The limits that the settings have, in a sentence. */
export function limitsText(limits: Agents["limits"]): string {
  if (limits === null) {
    return "The context of this model is not known yet, so the settings have no limits.";
  }
  const { context, slots } = limits;
  const atOnce = slots === null
    ? ""
    : `, and ${countOf(slots, "request")} ${slots === 1 ? "is" : "are"} answered at one time`;
  return `A request may have ${
    formatContext(context)
  } tokens, prompt and answer together${atOnce}. ` +
    "The settings have these limits.";
}
