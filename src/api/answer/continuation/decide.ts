import type { Endpoint, SentAnswer } from "./sent_answer.ts";

/** A request's body, parsed. */
export type RequestBody = Readonly<Record<string, unknown>>;

/** The decision about an answer whose host is lost. */
export type Decision =
  /** Everything was sent. */
  | { readonly kind: "whole" }
  /** Only the closing mark is missing. */
  | { readonly kind: "close" }
  | { readonly kind: "continue" }
  | { readonly kind: "lose"; readonly reason: string };

/** Decides on the answer to a streamed request from what its caller has got of it. */
export function decide(endpoint: Endpoint | null, body: RequestBody, sent: SentAnswer): Decision {
  if (sent.done) return { kind: "whole" };
  if (endpoint === null) {
    return { kind: "lose", reason: "answers of this endpoint are not continued" };
  }
  const closes = sent.finishReason !== null && (sent.hasUsage || !wantsUsage(endpoint, body));
  if (closes) return { kind: "close" };
  const reason = sent.beyondText ?? inexactReason(endpoint, body);
  return reason === null ? { kind: "continue" } : { kind: "lose", reason };
}

export function endpointOf(path: string): Endpoint | null {
  const [name] = path.split("?", 1);
  if (name === "/v1/chat/completions") return "chat";
  return name === "/v1/completions" ? "text" : null;
}

/** llama-server ends text completions with their usage, chat answers only when asked to. */
export function wantsUsage(endpoint: Endpoint, body: RequestBody): boolean {
  const options = body.stream_options as { include_usage?: unknown } | null | undefined;
  return endpoint === "text" || options?.include_usage === true;
}

/** Tokens that the request allows; `null` where only the context ends the answer. */
export function tokenLimit(body: RequestBody): number | null {
  const limit = body.max_tokens ?? body.max_completion_tokens ?? body.n_predict;
  return typeof limit === "number" && limit >= 0 ? limit : null;
}

/** Why another instance could not go on exactly where the text ends; `null` where it can. */
export function inexactReason(endpoint: Endpoint, body: RequestBody): string | null {
  const table: readonly [boolean, string][] = [
    [isGiven(body.grammar) || isGiven(body.json_schema), "its grammar can not be entered midway"],
    [isSchema(body.response_format), "its JSON schema can not be entered midway"],
    [isGiven(body.tools) && body.tool_choice !== "none", "it may call a tool"],
    [isGiven(body.logprobs) || isGiven(body.n_probs), "it has logprobs"],
    [typeof body.n === "number" && body.n > 1, "it has several choices"],
    [isRandomButSeeded(body), "its seed gives this text only in one go"],
    [body.echo === true, "it echoes its prompt"],
    [isGiven(body.suffix), "it has a suffix"],
    [endpoint === "chat" && !isPlainChat(body.messages), "its conversation is not text only"],
    [endpoint === "text" && !isOnePrompt(body.prompt), "its prompt is not one text"],
  ];
  return table.find(([applies]) => applies)?.[1] ?? null;
}

function isGiven(value: unknown): boolean {
  return Boolean(value) && !(Array.isArray(value) && value.length === 0);
}

function isSchema(format: unknown): boolean {
  return typeof format === "object" && format !== null && "type" in format &&
    format.type !== "text";
}

/** llama-server takes -1 for "any"; without a temperature it takes one above 0. */
function isRandomButSeeded({ seed, temperature }: RequestBody): boolean {
  return typeof seed === "number" && seed >= 0 && temperature !== 0;
}

function isPlainChat(messages: unknown): boolean {
  return Array.isArray(messages) && messages.every((message) => isText(message?.content));
}

function isText(content: unknown): boolean {
  if (!Array.isArray(content)) return true;
  return content.every((part) => part?.type === "text");
}

function isOnePrompt(prompt: unknown): boolean {
  return typeof prompt === "string" || isTokens(prompt);
}

/** A prompt that was cut into tokens by its caller. */
export function isTokens(prompt: unknown): prompt is number[] {
  return Array.isArray(prompt) && prompt.length > 0 &&
    prompt.every((token) => typeof token === "number");
}
