/** Refusals of inference: no model answers, not now, or no longer. */

import { RETRY_AFTER_S } from "../../base/defaults.ts";
import type { Obstacle } from "../../base/types.ts";
import { judgeObstacle } from "./obstacle.ts";
import { list, shorten, type Verdicts } from "./verdict.ts";

export type ModelRefusal =
  | { readonly kind: "unknown-model"; readonly model: string; readonly warm: readonly string[] }
  | { readonly kind: "ambiguous-model"; readonly model: string; readonly ids: readonly string[] }
  | { readonly kind: "not-warm"; readonly model: string | null }
  | { readonly kind: "obstacle"; readonly obstacle: Obstacle }
  | { readonly kind: "unreachable"; readonly model: string }
  | { readonly kind: "overloaded"; readonly model: string | null }
  | {
    readonly kind: "context-length";
    readonly promptTokens: number;
    readonly contextLength: number;
  }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "crashing"; readonly forMs: number }
  | { readonly kind: "suspect-held"; readonly forMs: number };

/** Another attempt may find it otherwise. */
const TRY_AGAIN = { "retry-after": String(RETRY_AFTER_S) };

export const MODEL_VERDICTS: Verdicts<ModelRefusal> = {
  "unknown-model": ({ model, warm }) => ({
    status: 404,
    code: "model_not_found",
    message: unknownModel(model, warm),
    param: "model",
  }),
  "ambiguous-model": ({ model, ids }) => ({
    status: 404,
    code: "model_not_found",
    message: `The model '${shorten(model)}' may be ${list(ids)}: name one`,
    param: "model",
  }),
  "not-warm": ({ model }) => ({
    status: 503,
    code: "model_not_ready",
    message: notWarm(model),
    headers: TRY_AGAIN,
  }),
  "obstacle": ({ obstacle }) => judgeObstacle(obstacle),
  "unreachable": ({ model }) => ({
    status: 503,
    code: "model_unavailable",
    message: `No machine that serves the model '${shorten(model)}' can be reached: try again`,
    headers: TRY_AGAIN,
  }),
  "overloaded": ({ model }) => ({
    status: 429,
    code: "model_overloaded",
    message: `${overloaded(model)} as many requests as it takes: try again in ${RETRY_AFTER_S} s`,
    headers: TRY_AGAIN,
  }),
  // Agents look for these words of OpenAI's and of Anthropic's, and then shorten what they send.
  "context-length": ({ promptTokens, contextLength }) => ({
    status: 400,
    code: "context_length_exceeded",
    message: `This model's maximum context length is ${contextLength} tokens, and the prompt is ` +
      `too long: ${promptTokens} tokens > ${contextLength} maximum`,
  }),
  "interrupted": ({ reason }) => ({
    status: 502,
    code: "answer_interrupted",
    message: "The machine that answered was lost, and its answer is not continued: " +
      shorten(reason),
  }),
  "crashing": ({ forMs }) => ({
    status: 400,
    code: "request_crashes_model",
    message: "llama-server crashed twice while it read this request, which is refused for " +
      `${forMs / 60_000} minutes: change the request`,
  }),
  "suspect-held": ({ forMs }) => ({
    status: 503,
    code: "request_held_too_long",
    message: `This request waited ${forMs / 1_000} s for others that were there too ` +
      "when llama-server crashed, and that are asked one at a time: try again",
  }),
};

function unknownModel(model: string, warm: readonly string[]): string {
  const named = `The model '${shorten(model)}' is not served in this mesh`;
  if (warm.length === 0) return `${named}, and no other model is ready`;
  return `${named}: ready now: ${list(warm)}`;
}

function notWarm(model: string | null): string {
  return model === null
    ? "No model is ready in this mesh: try again once one is loaded"
    : `The model '${shorten(model)}' is not ready yet: try again in a moment`;
}

function overloaded(model: string | null): string {
  return model === null
    ? "This machine has"
    : `Every machine that serves the model '${shorten(model)}' has`;
}
