/** Conversations as trees of turns: a question asked anew is a branch beside the first. Pure. */

import { type Answer, isOpen, stopAnswer } from "./answer.ts";

export type Attachment =
  | { readonly kind: "image"; readonly name: string; readonly dataUrl: string }
  | { readonly kind: "text"; readonly name: string; readonly text: string };

export interface Question {
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

export interface Turn {
  readonly id: string;
  /** The turn that this one follows; `null` for the first. */
  readonly parent: string | null;
  readonly model: string;
  readonly question: Question;
  readonly answer: Answer;
}

/** `null` leaves the choice to the model's server. */
export interface ChatSettings {
  readonly system: string;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number | null;
}

export const DEFAULT_SETTINGS: ChatSettings = {
  system: "",
  temperature: null,
  topP: null,
  maxTokens: null,
};

export interface Conversation {
  readonly id: string;
  readonly updatedMs: number;
  readonly settings: ChatSettings;
  /** In the order in which they were asked. */
  readonly turns: readonly Turn[];
  /** The branch that is shown after a turn, by its id; the first turn's is under the empty one. */
  readonly shown: Readonly<Record<string, string>>;
}

export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string | readonly ContentPart[];
}

/** The built-in model was taught single questions and talks nonsense after an earlier one. */
export const GUIDE_MODEL = "guide";

/** Questions that the guide was taught, for who does not know what to ask. */
export const GUIDE_QUESTIONS = [
  "What is a mesh?",
  "How do I add a machine?",
  "How do I load a real model?",
  "Is it secure?",
];

const TITLE_CHARS = 60;

export function newConversation(id: string, nowMs: number): Conversation {
  return { id, updatedMs: nowMs, settings: DEFAULT_SETTINGS, turns: [], shown: {} };
}

/** Its title in a list. */
export function titleOf({ turns }: Conversation): string {
  const [first] = turns;
  if (first === undefined) return "New chat";
  const text = first.question.text.replace(/\s+/g, " ").trim();
  const name = text || (first.question.attachments[0]?.name ?? "");
  return name.length <= TITLE_CHARS ? name : `${name.slice(0, TITLE_CHARS - 1)}…`;
}

/** Turns that follow the same one: the branches of a place. */
export function branchesOf({ turns }: Conversation, parent: string | null): readonly Turn[] {
  return turns.filter((turn) => turn.parent === parent);
}

/** The turns that are shown, from the first on: of each place the chosen branch, or the newest. */
export function pathOf(conversation: Conversation): readonly Turn[] {
  const path: Turn[] = [];
  for (let parent: string | null = null;;) {
    const branches: readonly Turn[] = branchesOf(conversation, parent);
    const chosen: string | undefined = conversation.shown[parent ?? ""];
    const next: Turn | undefined = branches.find(({ id }) => id === chosen) ?? branches.at(-1);
    if (next === undefined) return path;
    path.push(next);
    parent = next.id;
  }
}

/** A new turn, which is shown from now on. */
export function addTurn(conversation: Conversation, turn: Turn, nowMs: number): Conversation {
  return {
    ...showBranch(conversation, turn),
    turns: [...conversation.turns, turn],
    updatedMs: nowMs,
  };
}

export function showBranch(
  conversation: Conversation,
  { id, parent }: Pick<Turn, "id" | "parent">,
): Conversation {
  return { ...conversation, shown: { ...conversation.shown, [parent ?? ""]: id } };
}

/** Replaces the answer of one turn; the others stay the same objects. */
export function withAnswer(
  conversation: Conversation,
  id: string,
  change: (answer: Answer) => Answer,
): Conversation {
  const turns = conversation.turns.map((turn) =>
    turn.id === id ? { ...turn, answer: change(turn.answer) } : turn
  );
  return { ...conversation, turns };
}

/** A conversation without a turn that nothing follows. */
export function withoutTurn(conversation: Conversation, id: string): Conversation {
  return { ...conversation, turns: conversation.turns.filter((turn) => turn.id !== id) };
}

/** A conversation as it was kept: what was being answered then was stopped by the closing of the page. */
export function restored(conversation: Conversation): Conversation {
  const turns = conversation.turns.map((turn) =>
    isOpen(turn.answer) ? { ...turn, answer: stopAnswer(turn.answer) } : turn
  );
  return { ...conversation, turns };
}

/** A longer fence than any in the text, so that the text can't end it. */
function fenced(text: string, name: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `File ${name}:\n${fence}\n${text}\n${fence}`;
}

function contentOf({ text, attachments }: Question): ChatMessage["content"] {
  const files = attachments.flatMap((file) =>
    file.kind === "text" ? fenced(file.text, file.name) : []
  );
  const whole = [...files, ...(text === "" ? [] : [text])].join("\n\n");
  const images = attachments.flatMap((file): ContentPart[] =>
    file.kind === "image" ? [{ type: "image_url", image_url: { url: file.dataUrl } }] : []
  );
  if (images.length === 0) return whole;
  return [...(whole === "" ? [] : [{ type: "text" as const, text: whole }]), ...images];
}

/** The messages for a question: the turns before it that have an answer, if the model can use them. */
export function messagesFor(
  model: string,
  { earlier, question, system }: {
    readonly earlier: readonly Turn[];
    readonly question: Question;
    readonly system: string;
  },
): ChatMessage[] {
  const told = model === GUIDE_MODEL ? [] : earlier.filter((turn) => turn.answer.text !== "");
  return [
    ...(system.trim() === "" ? [] : [{ role: "system" as const, content: system }]),
    ...told.flatMap((turn): ChatMessage[] => [
      { role: "user", content: contentOf(turn.question) },
      { role: "assistant", content: turn.answer.text },
    ]),
    { role: "user", content: contentOf(question) },
  ];
}

/** The model to ask: the chosen one while it is warm, then this node's own, then any. */
export function pickModel(
  chosen: string | null,
  own: string | null,
  warm: readonly string[],
): string | null {
  const has = (name: string | null) => name !== null && warm.includes(name);
  return has(chosen) ? chosen : has(own) ? own : warm[0] ?? null;
}
