/** One event of a streamed chat completion. */
export interface ChatChunk {
  readonly text: string;
  /** The reasoning of a model before its answer. */
  readonly reasoning: string;
  /** Why the answer ended, in its last chunk. */
  readonly finish: string | null;
  /** Tokens of the whole answer, where the server counted them. */
  readonly tokens: number | null;
  readonly error: string | null;
}

function field(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** The sentence in an error body: OpenAI's shape, or a plain one. */
export function errorMessage(body: unknown): string | null {
  const error = field(body, "error");
  const message = text(field(error, "message")) || text(error) || text(field(body, "message"));
  return message === "" ? null : message;
}

/** Reads the data of one event; `null` for what is not a chunk, `[DONE]` among it. */
export function parseChatChunk(data: string): ChatChunk | null {
  let body: unknown;
  try {
    body = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof body !== "object" || body === null) return null;
  const choice = field(field(body, "choices"), 0);
  const delta = field(choice, "delta");
  const finish = field(choice, "finish_reason");
  return {
    text: text(field(delta, "content")),
    reasoning: text(field(delta, "reasoning_content")),
    finish: typeof finish === "string" ? finish : null,
    tokens: count(field(field(body, "usage"), "completion_tokens")),
    error: errorMessage(body),
  };
}
