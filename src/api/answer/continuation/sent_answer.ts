import { datasOf } from "../../events/event_cutter.ts";

/** The two kinds of answer that can be continued. */
export type Endpoint = "chat" | "text";

/** The fields that every event of one answer repeats. */
export interface AnswerHead {
  readonly id: unknown;
  readonly created: unknown;
  readonly model: unknown;
  readonly system_fingerprint: unknown;
}

interface Choice {
  readonly finish_reason?: string | null;
  readonly text?: string;
  readonly delta?: {
    readonly content?: string | null;
    readonly reasoning_content?: string | null;
    readonly tool_calls?: unknown;
  };
}

type Chunk = Partial<AnswerHead> & {
  readonly choices?: readonly Choice[];
  readonly usage?: unknown;
  readonly error?: unknown;
  readonly prompt_progress?: unknown;
};

/**
 * The part of a streamed answer that its caller has received. Follows it event by event; pure but for its own fields.
 */
export class SentAnswer {
  head: AnswerHead | null = null;
  text = "";
  /** Why the text is not all that the model has said. */
  beyondText: string | null = null;
  finishReason: string | null = null;
  hasUsage = false;
  /** The end was sent: `[DONE]`, or an error. */
  done = false;
  /** How much of the prompt is read was told: a caller that asks for it waits for that, not for text. */
  #toldProgress = false;

  /** Anything but the opening of a chat answer, which says nothing but "assistant". */
  get hasBegun(): boolean {
    return this.text !== "" || this.beyondText !== null || this.finishReason !== null ||
      this.done ||
      this.#toldProgress;
  }

  /** @param events whole ones, on their way to the caller. */
  observe(events: Uint8Array): void {
    for (const data of datasOf(events)) {
      if (data === "[DONE]") this.done = true;
      else this.#observeChunk(parse(data));
    }
  }

  #observeChunk(chunk: Chunk | null): void {
    if (chunk === null) {
      this.beyondText = "it has an event that is not understood here";
      return;
    }
    if (chunk.error !== undefined) this.done = true;
    if (chunk.prompt_progress !== undefined) this.#toldProgress = true;
    if (chunk.usage !== undefined && chunk.usage !== null) this.hasUsage = true;
    const { id, created, model, system_fingerprint } = chunk;
    this.head ??= { id, created, model, system_fingerprint };
    for (const choice of chunk.choices ?? []) this.#observeChoice(choice);
  }

  #observeChoice({ text, delta, finish_reason }: Choice): void {
    this.text += text ?? delta?.content ?? "";
    if (delta?.reasoning_content) this.beyondText = "it has reasoning beside its text";
    if (delta?.tool_calls !== undefined) this.beyondText = "it calls a tool";
    if (typeof finish_reason === "string") this.finishReason = finish_reason;
  }
}

function parse(data: string): Chunk | null {
  try {
    const chunk = JSON.parse(data);
    return typeof chunk === "object" && chunk !== null ? chunk : null;
  } catch {
    return null;
  }
}
