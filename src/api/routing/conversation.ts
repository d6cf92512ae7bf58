import { CONVERSATION_LIST_ITEMS, CONVERSATION_TEXT_CHARS } from "../base/defaults.ts";

/**
 * The part of a request that stays the same while its conversation grows: the messages up to the user's
 * first, or the start of the prompt. Requests that share it find their prefix cached on one instance.
 * Empty where the request has nothing of the kind.
 */
export function conversationStart(body: Readonly<Record<string, unknown>>): string {
  const said = body.messages ?? body.input ?? body.prompt ?? body.content;
  if (said === undefined || said === null) return "";
  return JSON.stringify(Array.isArray(said) ? opening(said) : said, shortened);
}

/** Of messages those up to the user's first; of anything else all. */
function opening(list: readonly unknown[]): readonly unknown[] {
  const firstUser = list.findIndex((item) =>
    typeof item === "object" && item !== null && "role" in item && item.role === "user"
  );
  return firstUser === -1 ? list : list.slice(0, firstUser + 1);
}

/** Images and long prompts need not be hashed whole. */
function shortened(_key: string, value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, CONVERSATION_TEXT_CHARS);
  return Array.isArray(value) ? value.slice(0, CONVERSATION_LIST_ITEMS) : value;
}
