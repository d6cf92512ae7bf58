/** A conversation as a file to keep. Pure. */

import { type Conversation, pathOf, titleOf, type Turn } from "./conversation.ts";

function turnText({ question, answer, model }: Turn): string {
  const files = question.attachments.map(({ kind, name }) => `*Attached ${kind}: ${name}*`);
  return [
    "## Question",
    ...files,
    question.text,
    `## Answer of ${model}`,
    answer.text,
  ].join("\n\n");
}

/** The branch that is shown, for people. */
export function asMarkdown(conversation: Conversation): string {
  const { system } = conversation.settings;
  return [
    `# ${titleOf(conversation)}`,
    ...(system === "" ? [] : [`System prompt: ${system}`]),
    ...pathOf(conversation).map(turnText),
  ].join("\n\n") + "\n";
}

/** Everything, branches and figures among it, for programs. */
export function asJson(conversation: Conversation): string {
  return JSON.stringify(conversation, null, 2) + "\n";
}

/** A name that every system takes. */
export function fileName(conversation: Conversation, extension: "md" | "json"): string {
  const words = titleOf(conversation).toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return `${words.join("-").slice(0, 40) || "chat"}.${extension}`;
}
