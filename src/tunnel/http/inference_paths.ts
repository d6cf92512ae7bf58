/**
 * The part of llama-server's API that may be reached from the outside. The rest shows or changes the server itself
 * (`/slots`, `/metrics`, `/props`, `/lora-adapters`, `/tools`, `/exit`) and is never forwarded.
 */
const INFERENCE: ReadonlySet<string> = new Set([
  "GET /v1/models",
  "HEAD /v1/models",
  "POST /v1/chat/completions",
  "POST /v1/chat/completions/input_tokens",
  "POST /v1/completions",
  "POST /v1/responses",
  "POST /v1/responses/input_tokens",
  "POST /v1/messages",
  "POST /v1/messages/count_tokens",
  "POST /v1/embeddings",
  "POST /v1/rerank",
  "POST /v1/reranking",
  "POST /v1/audio/transcriptions",
  "POST /v1/audio/translations",
  "POST /v1/audio/speech",
  "POST /apply-template",
  "POST /tokenize",
  "POST /detokenize",
  "POST /completion",
  "POST /infill",
]);

/** `null` where the request may be forwarded, else the answer that it gets instead. */
export function refuse(method: string, path: string): Response | null {
  // Compared as sent: an allowed path has no `%`, `..`, `//` or `\` in it, so none can hide another one.
  const endpoint = `${method} ${path.split("?", 1)[0]}`;
  if (INFERENCE.has(endpoint) && !path.includes("#")) return null;
  // As llama-server answers what it does not know, so that callers parse one kind of error.
  const message = `There is no inference endpoint ${endpoint}`;
  return Response.json({ error: { message, type: "not_found_error", code: 404 } }, { status: 404 });
}
