import { parseJson } from "../../base/json.ts";
import type { Excess } from "../routing/room.ts";

/** Reads llama-server's answer to a prompt that is longer than its context; `null` for any other answer. */
export function excessIn(status: number, body: Uint8Array | null): Excess | null {
  if (status !== 400 || body === null) return null;
  const json = parseJson(new TextDecoder().decode(body)) as
    | { readonly error?: Readonly<Record<string, unknown>> }
    | null
    | undefined;
  const { type, n_prompt_tokens: promptTokens, n_ctx: contextLength } = json?.error ?? {};
  if (type !== "exceed_context_size_error") return null;
  if (!Number.isSafeInteger(promptTokens) || !Number.isSafeInteger(contextLength)) return null;
  return { promptTokens: promptTokens as number, contextLength: contextLength as number };
}
