/** A talk in the terminal: lines, commands that begin with a slash, and answers that Ctrl-C stops. */

import { printable, printableLines } from "../../base/printable.ts";
import { printError, printOut } from "../base/output.ts";
import { askModels, type ChatMessage, type ChatPlace } from "../client/chat_api.ts";
import { keepInHistory, readChatHistory } from "../client/chat_history.ts";
import { describeFailure } from "../terminal/errors.ts";
import { LineEditor } from "../terminal/line_editor.ts";
import { writeAnswer } from "./write_answer.ts";

export interface ChatSessionOptions {
  readonly place: ChatPlace;
  /** `null` leaves it to the node. */
  readonly model: string | null;
  readonly keepsHistory: boolean;
  readonly colour: boolean;
  /** Tells on standard error which model an answer waits for. */
  readonly showsLoading: boolean;
}

const PROMPT = ">>> ";

const HELP = `  /model [NAME]   the models there are; talk to this one
  /system [TEXT]  what every answer keeps to; nothing removes it
  /clear          forget what was said
  /exit           leave, as Ctrl-D does
  """             begins and ends a text of several lines; a \\ at the end of a
                  line goes on with the next one
  Ctrl-C          stops an answer, clears a line, and leaves at an empty one
`;

export async function chatSession(options: ChatSessionOptions): Promise<number> {
  const { place, keepsHistory, colour, showsLoading } = options;
  let { model } = options;
  let system: string | null = null;
  let said: readonly ChatMessage[] = [];
  let answering: AbortController | null = null;
  /** Whether the line that is typed goes on with a text. */
  let isInside = false;
  const history = keepsHistory ? await readChatHistory(place.dataDir) : [];
  using editor = new LineEditor({
    history,
    onInterrupt: (line) => {
      if (answering !== null) answering.abort();
      else if (line === "" && !isInside) editor.close();
      else {
        isInside = false;
        editor.clear(PROMPT);
      }
    },
  });

  /** @returns `null` at the end of the input. */
  const readText = async (): Promise<string | null> => {
    const lines: string[] = [];
    isInside = false;
    for (;;) {
      const wasInside: boolean = lines.length > 0;
      const line = await editor.read(wasInside ? "... " : PROMPT);
      if (line === null) return null;
      // Ctrl-C gave up what was typed before.
      if (wasInside && !isInside) lines.length = 0;
      lines.push(line);
      const { isOpen, quoted } = textState(lines);
      isInside = isOpen;
      if (!isOpen) return textOf(lines, quoted);
    }
  };

  /** @returns whether the talk goes on. */
  const obey = async (name: string, rest: string): Promise<boolean> => {
    switch (name) {
      case "help":
        printOut(HELP);
        return true;
      case "exit":
      case "bye":
      case "quit":
        return false;
      case "clear":
        said = [];
        printOut("What was said is forgotten\n");
        return true;
      case "system":
        system = rest || null;
        printOut(system === null ? "No system text is set\n" : "The system text is set\n");
        return true;
      case "model": {
        const models = await askModels(place, AbortSignal.timeout(5_000));
        if (rest === "") printOut(models.map((id) => `${printable(id)}\n`).join(""));
        else {
          model = rest;
          printOut(`The next answers come from ${printable(rest)}\n`);
        }
        return true;
      }
      default:
        printOut(`There is no command /${printable(name)}: /help lists them\n`);
        return true;
    }
  };

  const answer = async (text: string): Promise<void> => {
    const asked: ChatMessage[] = [...said, { role: "user", content: text }];
    const first: ChatMessage[] = system === null ? [] : [{ role: "system", content: system }];
    answering = new AbortController();
    try {
      const question = { model, messages: [...first, ...asked] };
      const { text: content, isWhole } = await writeAnswer(place, question, {
        colour,
        showsReasoning: true,
        showsLoading,
        signal: answering.signal,
      });
      printOut(isWhole ? "\n" : "\n(stopped)\n\n");
      said = content === "" ? said : [...asked, { role: "assistant", content }];
    } finally {
      answering = null;
    }
  };

  printOut("/help lists the commands, Ctrl-D leaves\n");
  for (;;) {
    const text = await readText();
    if (text === null) break;
    if (text.trim() === "") continue;
    if (keepsHistory && !text.includes("\n")) await keepInHistory(place.dataDir, text);
    try {
      const [, name, rest = ""] = /^\/([a-z]+)(?:\s+([^]*))?$/.exec(text.trim()) ?? [];
      if (name === undefined) await answer(text);
      else if (!await obey(name, rest.trim())) break;
    } catch (error) {
      printError(
        `\nmesh-llm: ${printableLines(describeFailure(error, { debug: false }).message)}\n`,
      );
    }
  }
  printOut("\n");
  return 0;
}

/** Whether lines so far want another one. Pure. */
export function textState(
  lines: readonly string[],
): { readonly isOpen: boolean; readonly quoted: boolean } {
  const quoted = lines[0]?.startsWith('"""') ?? false;
  if (!quoted) return { isOpen: lines.at(-1)?.endsWith("\\") ?? false, quoted };
  const text = lines.join("\n").slice(3);
  return { isOpen: !text.trimEnd().endsWith('"""'), quoted };
}

/** The text that lines stand for. Pure. */
export function textOf(lines: readonly string[], quoted: boolean): string {
  if (quoted) return lines.join("\n").slice(3).trimEnd().slice(0, -3).replace(/^\n|\n$/g, "");
  return lines.map((line) => line.endsWith("\\") ? line.slice(0, -1) : line).join("\n");
}
