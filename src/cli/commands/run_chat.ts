/** `mesh-llm chat`: a talk in the terminal, or one answer where a prompt or a pipe asks for it. */

import { closestName } from "../base/closest_name.ts";
import { CHAT_PROMPT_BYTES, MANAGEMENT_TIMEOUT_MS } from "../base/defaults.ts";
import { UsageError } from "../base/usage_error.ts";
import { askModels, type ChatPlace } from "../client/chat_api.ts";
import type { ChatCommand } from "../config/command.ts";
import type { Runtime } from "../terminal/runtime.ts";

export async function runChat(command: ChatCommand, runtime: Runtime): Promise<number> {
  const { dataDir, apiUrl, words, history } = command;
  const apiKey = runtime.environment.MESH_LLM_API_KEY;
  const place: ChatPlace = { dataDir, apiUrl, apiKey };
  const isTyped = Deno.stdin.isTerminal();
  // Asked in any case: where no node answers, that is said before anything is typed.
  const models = await askModels(place, AbortSignal.timeout(MANAGEMENT_TIMEOUT_MS));
  const { model, prompt } = meaningOfWords(words, { models, isTyped });
  if (isTyped && prompt === null) {
    if (!runtime.stdoutIsTerminal) {
      throw new UsageError("chat writes to no terminal: give it a prompt, or pipe one into it");
    }
    const { chatSession } = await import("./chat_session.ts");
    const { colour, stderrIsTerminal: showsLoading } = runtime;
    return await chatSession({ place, model, keepsHistory: history, colour, showsLoading });
  }
  const piped = isTyped ? "" : await readPiped();
  const text = [prompt ?? "", piped].filter((part) => part.trim() !== "").join("\n\n");
  if (text === "") throw new UsageError("chat was given an empty prompt");
  const { writeAnswer } = await import("./write_answer.ts");
  const question = { model, messages: [{ role: "user" as const, content: text }] };
  await writeAnswer(place, question, {
    colour: false,
    showsReasoning: false,
    showsLoading: runtime.stderrIsTerminal,
    signal: new AbortController().signal,
  });
  return 0;
}

export interface ChatWords {
  readonly model: string | null;
  readonly prompt: string | null;
}

/** The first word is a model where it names one; a single one may be the prompt instead. Pure. @throws {UsageError} */
export function meaningOfWords(
  words: readonly string[],
  { models, isTyped }: { readonly models: readonly string[]; readonly isTyped: boolean },
): ChatWords {
  const [first, ...rest] = words;
  if (first === undefined) return { model: null, prompt: null };
  if (rest.length > 0) return { model: first, prompt: rest.join(" ") };
  if (models.includes(first)) return { model: first, prompt: null };
  const meant = closestName(first, models);
  if (/\s/.test(first) || (!isTyped && meant === undefined)) return { model: null, prompt: first };
  const hint = meant === undefined
    ? `there is ${
      models.join(", ") || "none yet"
    }. For a prompt of one word name the model before it`
    : `did you mean ${meant}?`;
  throw new UsageError(`There is no model ${JSON.stringify(first)} to talk to: ${hint}`);
}

/** @throws {UsageError} where it is more than any context holds. */
async function readPiped(): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of Deno.stdin.readable) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > CHAT_PROMPT_BYTES) {
      throw new UsageError(`Standard input is longer than ${CHAT_PROMPT_BYTES / 1e6} MB`);
    }
  }
  // The newline with which a pipe ends is none of the user's words.
  return (text + decoder.decode()).replace(/\r?\n$/, "");
}
