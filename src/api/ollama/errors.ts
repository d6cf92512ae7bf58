import type { MiddlewareHandler } from "hono";
import { parseJson } from "../../base/json.ts";
import type { GatewayNode } from "../base/types.ts";
import { shorten } from "../http/refusals/verdict.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import { messageOf } from "./answer_parts.ts";
import { headersOf } from "./inner_request.ts";

/** Puts what was refused into Ollama's shape: `{"error": "..."}`, with the status that it has. */
export function errorsInOllamasShape(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    await next();
    if (c.res.status < 400) return;
    const shaped = await inOllamasShape(c.res, messageIn);
    // Hono gives an answer that takes another's place the headers of that one, its length among them.
    c.res = undefined;
    c.res = shaped;
  };
}

/** Of a model that nobody has, Ollama's clients look for these words. */
export async function refusedModel(
  response: Response,
  asked: string,
  node: Pick<GatewayNode, "meaning">,
): Promise<Response> {
  const isSeveral = node.meaning(asked).kind === "several";
  if (response.status !== 404 || isSeveral) return response;
  return await inOllamasShape(response, (json) => {
    const isUnknown = codeIn(json) === "model_not_found";
    return isUnknown ? `model '${shorten(asked)}' not found` : messageIn(json);
  });
}

async function inOllamasShape(
  response: Response,
  say: (json: unknown) => string,
): Promise<Response> {
  const text = await response.text();
  const body = { error: say(parseJson(text) ?? { error: text }) };
  const headers = headersOf(response, "application/json; charset=utf-8");
  return Response.json(body, { status: response.status, headers });
}

function messageIn(json: unknown): string {
  return messageOf(errorIn(json));
}

function codeIn(json: unknown): unknown {
  const error = errorIn(json);
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

function errorIn(json: unknown): unknown {
  return typeof json === "object" && json !== null && "error" in json ? json.error : json;
}
