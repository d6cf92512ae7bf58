import type { ChatRequest } from "./api.ts";
import { type ChatSettings, messagesFor, type Turn } from "./conversation.ts";

/** What is sent for a turn; what nobody set is left to the model's server. Pure. */
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
