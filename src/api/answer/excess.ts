import { parseJson } from "../../base/json.ts";
import { ROOM_PARAM } from "../../base/wanted_context.ts";
import type { Excess } from "../routing/room.ts";

/** Reads llama-server's answer to a prompt that is longer than its context; `null` for any other answer. */
export function excessIn(status: number, body: Uint8Array | null): Excess | null {
  const { type, n_prompt_tokens: promptTokens, n_ctx: contextLength } = errorIn(status, body);
  if (type !== "exceed_context_size_error") return null;
  if (!Number.isSafeInteger(promptTokens) || !Number.isSafeInteger(contextLength)) return null;
  return { promptTokens: promptTokens as number, contextLength: contextLength as number };
}

/** Reads a host's refusal of the context that a request counts on; `null` for any other answer. */
export function lackIn(status: number, body: Uint8Array | null): string | null {
  const { param, message } = errorIn(status, body);
  return param === ROOM_PARAM && typeof message === "string" ? message : null;
}

function errorIn(status: number, body: Uint8Array | null): Readonly<Record<string, unknown>> {
  if (status !== 400 || body === null) return {};
  const json = parseJson(new TextDecoder().decode(body)) as
    | { readonly error?: Readonly<Record<string, unknown>> }
    | null
    | undefined;
  return json?.error ?? {};
}
