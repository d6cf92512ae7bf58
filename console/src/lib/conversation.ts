/** Questions and answers in order, and what of them a model is told. Pure. */

import type { Answer } from "./answer.ts";

export interface Turn {
  readonly id: number;
  readonly model: string;
  readonly question: string;
  readonly answer: Answer;
}

export interface ChatMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
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

/** What is sent for a question: the turns before it that have an answer, where the model can use them. */
export function messagesFor(
  model: string,
  earlier: readonly Turn[],
  question: string,
): ChatMessage[] {
  const told = model === GUIDE_MODEL ? [] : earlier.filter((turn) => turn.answer.text !== "");
  return [
    ...told.flatMap((turn): ChatMessage[] => [
      { role: "user", content: turn.question },
      { role: "assistant", content: turn.answer.text },
    ]),
    { role: "user", content: question },
  ];
}

/** Replaces the answer of one turn; the others stay the same objects. */
export function withAnswer(
  turns: readonly Turn[],
  id: number,
  change: (answer: Answer) => Answer,
): Turn[] {
  return turns.map((turn) => turn.id === id ? { ...turn, answer: change(turn.answer) } : turn);
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
