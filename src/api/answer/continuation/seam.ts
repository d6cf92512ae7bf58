import { datasOf } from "../../events/event_cutter.ts";
import { type RequestBody, tokenLimit, wantsUsage } from "./decide.ts";
import type { AnswerHead, Endpoint, SentAnswer } from "./sent_answer.ts";

/** The place where an answer broke off, in tokens. */
export interface Position {
  /** The request's own prompt. */
  readonly prompt: readonly number[];
  /** The prompt and the text that was sent. */
  readonly reached: readonly number[];
}

/** Parameters that mean something else to `/completion`, or another server's slot. */
const REPLACED: readonly string[] = [
  "messages",
  "prompt",
  "max_tokens",
  "max_completion_tokens",
  "n_predict",
  "n",
  "stop",
  "stream_options",
  "response_format",
  "id_slot",
  "timings_per_token",
  "return_progress",
];

/** The request to `/completion` that goes on at the end of the text. */
export function completionBody(body: RequestBody, position: Position): Record<string, unknown> {
  const kept = Object.entries(body).filter(([name]) => !REPLACED.includes(name));
  return {
    ...Object.fromEntries(kept),
    prompt: position.reached,
    n_predict: tokensLeft(body, position) ?? -1,
    stop: [body.stop ?? []].flat(),
    stream: true,
  };
}

/** `null` where the request sets no limit. */
export function tokensLeft(body: RequestBody, { prompt, reached }: Position): number | null {
  const limit = tokenLimit(body);
  return limit === null ? null : limit - (reached.length - prompt.length);
}

interface CompletionEvent {
  readonly content?: string;
  readonly stop?: boolean;
  readonly stop_type?: string;
  readonly tokens_predicted?: number;
  readonly timings?: { readonly cache_n?: number };
  readonly error?: unknown;
}

export interface SeamOptions {
  readonly endpoint: Endpoint;
  readonly body: RequestBody;
  readonly head: AnswerHead;
  readonly position: Position;
}

/** Turns what `/completion` answers into the events that the broken answer would have gone on with. */
export class Seam {
  readonly #options: SeamOptions;

  constructor(options: SeamOptions) {
    this.#options = options;
  }

  /**
   * @param events whole ones of `/completion`.
   * @throws {Error} where that server says that it failed.
   */
  translate(events: Uint8Array): Uint8Array {
    return encode(datasOf(events).flatMap((data) => this.#translateOne(data)));
  }

  /** The end of an answer that has all its text: its reason, usage and the closing mark as far as they miss. */
  close(sent: SentAnswer): Uint8Array {
    const { body, position } = this.#options;
    // An answer that ends by its length has used all of it, though the last characters may not be whole. Else
    // the token that ends a text is counted and not seen; that a stop string takes several can't be known.
    const unseen = sent.finishReason === "stop" ? 1 : Math.max(tokensLeft(body, position) ?? 0, 0);
    const finish = sent.finishReason === null ? "length" : null;
    return encode(this.#ending({ finish, made: unseen, cached: 0 }));
  }

  #translateOne(data: string): string[] {
    const event: CompletionEvent = JSON.parse(data);
    if (event.error !== undefined) throw new Error(`It failed: ${JSON.stringify(event.error)}`);
    const text = event.content ? [this.#text(event.content)] : [];
    if (event.stop !== true) return text;
    const ending = this.#ending({
      finish: event.stop_type === "limit" ? "length" : "stop",
      made: event.tokens_predicted ?? 0,
      cached: event.timings?.cache_n ?? 0,
    });
    return [...text, ...ending];
  }

  #text(text: string): string {
    return this.#chunk([
      this.#options.endpoint === "chat"
        ? { index: 0, delta: { content: text }, finish_reason: null }
        : { index: 0, text, logprobs: null, finish_reason: null },
    ]);
  }

  #ending(
    { finish, made, cached }: {
      readonly finish: string | null;
      readonly made: number;
      readonly cached: number;
    },
  ): string[] {
    const { endpoint, body } = this.#options;
    const usage = wantsUsage(endpoint, body) ? this.#usage(made, cached) : undefined;
    if (endpoint === "text") {
      const choice = { index: 0, text: "", logprobs: null, finish_reason: finish ?? "stop" };
      return [this.#chunk([choice], usage), "[DONE]"];
    }
    return [
      ...finish === null ? [] : [this.#chunk([{ index: 0, delta: {}, finish_reason: finish }])],
      ...usage === undefined ? [] : [this.#chunk([], usage)],
      "[DONE]",
    ];
  }

  #usage(made: number, cached: number): Record<string, unknown> {
    const { prompt, reached } = this.#options.position;
    const completion = reached.length - prompt.length + made;
    return {
      completion_tokens: completion,
      prompt_tokens: prompt.length,
      total_tokens: prompt.length + completion,
      prompt_tokens_details: { cached_tokens: Math.min(cached, prompt.length) },
    };
  }

  #chunk(choices: readonly unknown[], usage?: Record<string, unknown>): string {
    const { endpoint, head } = this.#options;
    return JSON.stringify({
      choices,
      ...head,
      object: endpoint === "chat" ? "chat.completion.chunk" : "text_completion",
      ...usage === undefined ? {} : { usage },
    });
  }
}

function encode(datas: readonly string[]): Uint8Array {
  return new TextEncoder().encode(datas.map((data) => `data: ${data}\n\n`).join(""));
}
