import { UNREAD_EVENTS_BYTES } from "../../base/defaults.ts";
import { datasOf } from "../../events/event_cutter.ts";

const NOTHING = new Uint8Array(0);

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
 * The part of a streamed answer that its caller has received. Its words are needed where the answer begins, ends or
 * breaks off; in between events are only kept, and read many at a time: one by one that costs more than sending them.
 */
export class SentAnswer {
  #head: AnswerHead | null = null;
  #text = "";
  #beyondText: string | null = null;
  #finishReason: string | null = null;
  #hasUsage = false;
  #done = false;
  /** How much of the prompt is read was told: a caller that asks for it waits for that, not for text. */
  #toldProgress = false;
  /** The first bytes hold events that are not read yet. A copy: a piece may be a small part of a large buffer. */
  #unread = NOTHING;
  #length = 0;

  get head(): AnswerHead | null {
    this.#read();
    return this.#head;
  }

  get text(): string {
    this.#read();
    return this.#text;
  }

  /** Why the text is not all that the model has said. */
  get beyondText(): string | null {
    this.#read();
    return this.#beyondText;
  }

  get finishReason(): string | null {
    this.#read();
    return this.#finishReason;
  }

  get hasUsage(): boolean {
    this.#read();
    return this.#hasUsage;
  }

  /** The end was sent: `[DONE]`, or an error. */
  get done(): boolean {
    this.#read();
    return this.#done;
  }

  /** Anything but the opening of a chat answer, which says nothing but "assistant". */
  get hasBegun(): boolean {
    this.#read();
    return this.#text !== "" || this.#beyondText !== null || this.#finishReason !== null ||
      this.#done || this.#toldProgress;
  }

  /** @param events whole ones, on their way to the caller. */
  observe(events: Uint8Array): void {
    if (this.#length + events.length > UNREAD_EVENTS_BYTES) this.#read();
    if (events.length > UNREAD_EVENTS_BYTES) return this.#observe(events);
    if (this.#unread.length === 0) this.#unread = new Uint8Array(UNREAD_EVENTS_BYTES);
    this.#unread.set(events, this.#length);
    this.#length += events.length;
  }

  #read(): void {
    if (this.#length === 0) return;
    const events = this.#unread.subarray(0, this.#length);
    this.#length = 0;
    this.#observe(events);
  }

  #observe(events: Uint8Array): void {
    for (const data of datasOf(events)) {
      if (data === "[DONE]") this.#done = true;
      else this.#observeChunk(parse(data));
    }
  }

  #observeChunk(chunk: Chunk | null): void {
    if (chunk === null) {
      this.#beyondText = "it has an event that is not understood here";
      return;
    }
    if (chunk.error !== undefined) this.#done = true;
    if (chunk.prompt_progress !== undefined) this.#toldProgress = true;
    if (chunk.usage !== undefined && chunk.usage !== null) this.#hasUsage = true;
    const { id, created, model, system_fingerprint } = chunk;
    this.#head ??= { id, created, model, system_fingerprint };
    for (const choice of chunk.choices ?? []) this.#observeChoice(choice);
  }

  #observeChoice({ text, delta, finish_reason }: Choice): void {
    this.#text += text ?? delta?.content ?? "";
    if (delta?.reasoning_content) this.#beyondText = "it has reasoning beside its text";
    if (delta?.tool_calls !== undefined) this.#beyondText = "it calls a tool";
    if (typeof finish_reason === "string") this.#finishReason = finish_reason;
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
