import type { ChatRequest } from "./api.ts";
import { type ChatSettings, messagesFor, type Turn } from "./conversation.ts";

/** The request for a turn; settings that nobody changed are left to the model's server. Pure. */
export function chatRequest(
  { model, question }: Turn,
  earlier: readonly Turn[],
  { system, temperature, topP, maxTokens }: ChatSettings,
): ChatRequest {
  return {
    model,
    messages: messagesFor(model, { earlier, question, system }),
    ...(temperature === null ? {} : { temperature }),
    ...(topP === null ? {} : { top_p: topP }),
    ...(maxTokens === null ? {} : { max_tokens: maxTokens }),
  };
}
