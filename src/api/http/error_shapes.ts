import type { OpenAiError } from "./openai_errors.ts";

/** The API whose clients read an error: each finds it elsewhere in an answer. */
export type ErrorShape = "openai" | "anthropic" | "ollama";

/** Chooses by the path that a request came on. */
export type ShapeOf = (path: string) => ErrorShape;

/** An error as far as it is known: llama-server's own has no `param`, and a number as its code. */
export type ShownError = Pick<OpenAiError["error"], "message"> & {
  readonly code?: string | number | null;
};

/** On the API's port, where `/api/` is Ollama's API. */
export function errorShape(path: string): ErrorShape {
  if (path === "/v1/messages" || path.startsWith("/v1/messages/")) return "anthropic";
  return path.startsWith("/api/") ? "ollama" : "openai";
}

/** On the console's port, where `/api/` is the management API. */
export function consoleErrorShape(path: string): ErrorShape {
  return path.startsWith("/v1/") ? errorShape(path) : "openai";
}

/** The body of an answer that is an error. */
export function errorBody(shape: ErrorShape, error: ShownError, status: number): unknown {
  switch (shape) {
    case "openai":
      return { error };
    case "anthropic":
      return { type: "error", error: asAnthropic(error, status) };
    case "ollama":
      return { error: error.message };
  }
}

/** The last words of a stream that has begun: an event, or a line of Ollama's. */
export function errorInStream(path: string, error: ShownError, status: number): string {
  const shape = errorShape(path);
  // OpenAI's completions know an error by its field, the streams with named events by their name and type.
  const isNamed = shape === "anthropic" || path === "/v1/responses";
  const body = shape === "openai" && isNamed
    ? { type: "error", error }
    : errorBody(shape, error, status);
  const data = JSON.stringify(body);
  if (shape === "ollama") return `${data}\n`;
  return `${isNamed ? "event: error\n" : ""}data: ${data}\n\n`;
}

/** Its clients choose by the type what to do; the code says more exactly what was wrong. */
function asAnthropic({ message, code }: ShownError, status: number) {
  const type = ANTHROPIC_TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { type, message, ...(typeof code === "string" ? { code } : {}) };
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
};
