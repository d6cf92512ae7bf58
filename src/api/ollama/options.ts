import { RefusedError } from "../http/openai_errors.ts";
import type { GenerateFields, Options } from "./fields.ts";

/** Those that llama-server calls the same. */
const SAME = [
  "temperature",
  "top_k",
  "top_p",
  "min_p",
  "typical_p",
  "repeat_penalty",
  "repeat_last_n",
  "presence_penalty",
  "frequency_penalty",
  "mirostat",
  "mirostat_tau",
  "mirostat_eta",
  "stop",
] as const;

const SEEDS = 2 ** 32;

/** The options of a request as llama-server takes them; the others stay the model's own. Pure. */
export function samplingOf(options: Options = {}): Record<string, unknown> {
  const sampling: Record<string, unknown> = {};
  for (const name of SAME) if (options[name] !== undefined) sampling[name] = options[name];
  const { seed, num_predict = -1, num_keep } = options;
  // As unsigned numbers have it: -1 is a seed by chance for both.
  if (seed !== undefined) sampling.seed = ((Math.trunc(seed) % SEEDS) + SEEDS) % SEEDS;
  // Less than 0 is no limit of its own, as where it is not said.
  if (num_predict >= 0) sampling.max_tokens = num_predict;
  if (num_keep !== undefined) sampling.n_keep = num_keep;
  return sampling;
}

/** How a model is to think, for its template. */
export function thinkingOf(think: GenerateFields["think"]): Record<string, unknown> {
  if (think === undefined) return {};
  const effort = typeof think === "string" ? { reasoning_effort: think } : {};
  return { chat_template_kwargs: { enable_thinking: think !== false, ...effort } };
}

/** @throws {RefusedError} naming the first field that is given and has no meaning here. */
export function refuseGiven(fields: Readonly<Record<string, unknown>>, why: string): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === "" || value === false) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    const reason = `The field '${name}' is not supported: ${why}`;
    throw new RefusedError({ kind: "bad-body", reason, param: name });
  }
}
