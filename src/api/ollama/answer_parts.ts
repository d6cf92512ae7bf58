/** The answers of llama-server's paths, whole or as events, in one form. Pure. */

type Json = Readonly<Record<string, unknown>>;

/** A call of a tool, or a piece of one. */
export interface CallPart {
  readonly index: number;
  readonly name: string;
  readonly arguments: string;
}

export interface AnswerPart {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly CallPart[];
  /** Why the answer ended, in Ollama's words; `null` before its end. */
  readonly doneReason: "stop" | "length" | null;
  readonly counts: Counts;
  /** The answer can't go on. */
  readonly error: string | null;
}

/** As far as they are told. */
export interface Counts {
  readonly promptTokens?: number | undefined;
  readonly promptMs?: number | undefined;
  readonly tokens?: number | undefined;
  readonly ms?: number | undefined;
}

export function partOf(json: Json): AnswerPart {
  const [choice] = listOf(json.choices).map(objectOf);
  // Events have a delta, whole answers a message, texts neither.
  const said = objectOf(choice?.delta ?? choice?.message);
  return {
    text: textOf(said.content ?? choice?.text ?? json.content),
    thinking: textOf(said.reasoning_content),
    calls: listOf(said.tool_calls).map(objectOf).map(callOf),
    doneReason: doneReasonOf(choice?.finish_reason ?? (json.stop === true ? json.stop_type : null)),
    counts: countsOf(json),
    error: json.error === undefined ? null : messageOf(json.error),
  };
}

/** The words of an error in any of the shapes of these APIs. */
export function messageOf(error: unknown): string {
  if (typeof error === "string") return error;
  const { message } = objectOf(error);
  return typeof message === "string" ? message : JSON.stringify(error);
}

function callOf(call: Json, at: number): CallPart {
  const { name, arguments: given } = objectOf(call.function);
  const index = typeof call.index === "number" ? call.index : at;
  return { index, name: textOf(name), arguments: textOf(given) };
}

function doneReasonOf(reason: unknown): AnswerPart["doneReason"] {
  if (reason === undefined || reason === null) return null;
  return reason === "length" || reason === "limit" ? "length" : "stop";
}

function countsOf(json: Json): Counts {
  const usage = objectOf(json.usage);
  const timings = objectOf(json.timings);
  return {
    promptTokens: numberOf(usage.prompt_tokens ?? json.tokens_evaluated),
    promptMs: numberOf(timings.prompt_ms),
    tokens: numberOf(usage.completion_tokens ?? timings.predicted_n),
    ms: numberOf(timings.predicted_ms),
  };
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? value as Json : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
