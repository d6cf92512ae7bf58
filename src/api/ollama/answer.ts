/** An answer of llama-server in Ollama's words, object by object. */

import { parseJson } from "../../base/json.ts";
import { type AnswerPart, type CallPart, type Counts, partOf } from "./answer_parts.ts";

type Json = Record<string, unknown>;

/** The parts of an answer that differ between `/api/chat` and `/api/generate`. */
export interface Said {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[];
}

/** How a path says it. */
export type Form = (said: Said) => Json;

export const chatForm: Form = ({ text, thinking, calls }) => ({
  message: {
    role: "assistant",
    content: text,
    ...(thinking === "" ? {} : { thinking }),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map((call, index) => ({ function: { index, ...call } })) }),
  },
});

export const generateForm: Form = ({ text, thinking }) => ({
  response: text,
  ...(thinking === "" ? {} : { thinking }),
});

export interface OllamaAnswerOptions {
  /** As the caller spelled it. */
  readonly model: string;
  readonly form: Form;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const NOTHING: Said = { text: "", thinking: "", calls: [] };

/** Nanoseconds. */
const MS = 1e6;

/** One answer: it is told what llama-server writes, and gives what Ollama would. */
export class OllamaAnswer {
  readonly #options: OllamaAnswerOptions;
  readonly #startedMs: number;
  /** Calls of tools come in pieces, and are told whole. */
  readonly #calls = new Map<number, CallPart>();
  #counts: Counts = {};
  #doneReason: AnswerPart["doneReason"] = null;
  #isOver = false;

  constructor(options: OllamaAnswerOptions) {
    this.#options = options;
    this.#startedMs = options.now();
  }

  /** Nothing to tell yet: a sign of life. */
  waiting(): Json {
    return this.#object(NOTHING, { done: false });
  }

  /** The objects for one event; none where it says nothing that Ollama would. */
  event(data: string): Json[] {
    if (this.#isOver) return [];
    if (data === "[DONE]") return this.end();
    const part = this.#take(data);
    if (part === undefined) return [];
    if (part.error !== null) {
      this.#isOver = true;
      return [{ error: part.error }];
    }
    const { text, thinking } = part;
    const isSilent = text === "" && thinking === "";
    return isSilent ? [] : [this.#object({ text, thinking, calls: [] }, { done: false })];
  }

  /** The last objects of a stream, with what was counted. */
  end(): Json[] {
    if (this.#isOver) return [];
    this.#isOver = true;
    const calls = this.#wholeCalls();
    return [
      ...(calls.length === 0 ? [] : [this.#object({ ...NOTHING, calls }, { done: false })]),
      this.#object(NOTHING, this.#done()),
    ];
  }

  /** The one object for an answer that came whole. */
  whole(text: string): Json {
    const part = this.#take(text);
    const { text: said = "", thinking = "" } = part ?? {};
    return this.#object({ text: said, thinking, calls: this.#wholeCalls() }, this.#done());
  }

  /** The answer where nothing was asked. */
  loaded(doneReason: "load" | "unload"): Json {
    return this.#object(NOTHING, { done_reason: doneReason, done: true });
  }

  #take(data: string): AnswerPart | undefined {
    const json = parseJson(data);
    if (typeof json !== "object" || json === null) return undefined;
    const part = partOf(json as Json);
    for (const piece of part.calls) this.#addCall(piece);
    this.#doneReason = part.doneReason ?? this.#doneReason;
    this.#counts = { ...this.#counts, ...defined(part.counts) };
    return part;
  }

  #addCall({ index, name, arguments: piece }: CallPart): void {
    const known = this.#calls.get(index);
    const whole = known === undefined
      ? { index, name, arguments: piece }
      : { ...known, name: known.name || name, arguments: known.arguments + piece };
    this.#calls.set(index, whole);
  }

  /** Without one that a limit has cut off. */
  #wholeCalls(): Said["calls"] {
    return [...this.#calls.values()].flatMap(({ name, arguments: text }) => {
      const given = text === "" ? {} : parseJson(text);
      return given === undefined ? [] : [{ name, arguments: given }];
    });
  }

  #done(): Json {
    const { promptTokens = 0, promptMs = 0, tokens = 0, ms = 0 } = this.#counts;
    const totalMs = Math.max(this.#options.now() - this.#startedMs, 0);
    return {
      done_reason: this.#doneReason ?? "stop",
      done: true,
      total_duration: Math.round(totalMs * MS),
      // Everything before llama-server began: the model was loaded, or others were answered.
      load_duration: Math.round(Math.max(totalMs - promptMs - ms, 0) * MS),
      prompt_eval_count: promptTokens,
      prompt_eval_duration: Math.round(promptMs * MS),
      eval_count: tokens,
      eval_duration: Math.round(ms * MS),
    };
  }

  #object(said: Said, rest: Json): Json {
    const { model, form, now } = this.#options;
    return { model, created_at: new Date(now()).toISOString(), ...form(said), ...rest };
  }
}

function defined(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
}
