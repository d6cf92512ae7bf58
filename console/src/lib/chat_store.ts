import type { RequestRecord } from "../../../src/api/base/types.ts";
import { addChunk, type Answer, beginAnswer, endAnswer, failAnswer, stopAnswer } from "./answer.ts";
import type { AskOptions, ChatReply, ChatRequest } from "./api.ts";
import { problemOf } from "./chat_problem.ts";
import { chatRequest } from "./chat_request.ts";
import type { ChatStorage } from "./chat_storage.ts";
import { tooMany } from "./chat_storage.ts";
import {
  addTurn,
  type ChatSettings,
  type Conversation,
  newConversation,
  pathOf,
  type Question,
  showBranch,
  type Turn,
  withAnswer,
  withoutTurn,
} from "./conversation.ts";
import { SAVE_INTERVAL_MS } from "./defaults.ts";

export interface ChatState {
  /** Newest first, those without a turn left out. */
  readonly kept: readonly Conversation[];
  readonly current: Conversation;
  /** Ids of conversations whose answer is being written. */
  readonly busy: ReadonlySet<string>;
  /** Why conversations are not kept, in words. */
  readonly notKept: string | null;
}

export interface ChatStoreParts {
  readonly ask: (request: ChatRequest, options: AskOptions) => Promise<ChatReply>;
  readonly storage: ChatStorage;
  readonly newId: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
  /** Calls back soon: tokens come faster than pages are drawn. */
  readonly nextFrame: (draw: () => void) => void;
}

/** The conversations of this browser, the one that is shown, and the answers that are being written. */
export class ChatStore {
  readonly #parts: ChatStoreParts;
  readonly #listeners = new Set<() => void>();
  readonly #running = new Map<string, AbortController>();
  readonly #conversations = new Map<string, Conversation>();
  #current: string;
  #state: ChatState;
  #notKept: string | null = null;
  #drawing = false;
  #key: string | null = null;

  constructor(parts: ChatStoreParts) {
    this.#parts = parts;
    this.#current = this.#create().id;
    this.#state = this.#makeState();
  }

  get state(): ChatState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Brings back what an earlier visit kept. */
  async load(): Promise<void> {
    try {
      for (const conversation of await this.#parts.storage.load()) {
        if (!this.#conversations.has(conversation.id)) {
          this.#conversations.set(conversation.id, conversation);
        }
      }
    } catch {
      this.#notKept = "This browser keeps no conversations: they end with this page.";
    }
    this.#changed();
  }

  open(id: string): void {
    if (!this.#conversations.has(id)) return;
    this.#current = id;
    this.#changed();
  }

  /** An empty conversation; the one that is shown, if it is empty. */
  begin(): void {
    const { turns, settings } = this.#now();
    if (turns.length > 0) {
      this.#current = this.#create().id;
      this.#update(this.#current, (conversation) => ({ ...conversation, settings }));
    }
    this.#changed();
  }

  remove(id: string): void {
    this.stop(id);
    this.#conversations.delete(id);
    void this.#parts.storage.remove([id]).catch(() => {});
    if (this.#current === id) this.#current = this.#create().id;
    this.#changed();
  }

  /** `after`: the turn that the question follows; the last one shown, unless a question is asked anew. */
  ask(model: string, question: Question, after?: string | null): void {
    const { id } = this.#now();
    this.stop(id);
    const conversation = this.#now();
    const path = pathOf(conversation);
    const parent = after === undefined ? path.at(-1)?.id ?? null : after;
    const earlier = path.slice(0, path.findIndex((turn) => turn.id === parent) + 1);
    const answer = beginAnswer(this.#parts.elapsed());
    const turn: Turn = { id: this.#parts.newId(), parent, model, question, answer };
    this.#update(id, (one) => addTurn(one, turn, this.#parts.now()));
    void this.#follow(id, turn, earlier);
  }

  /**
   * Another answer to the same question: in a branch of its own, or in place of one that never came.
   * A key given here is kept while the page is open.
   */
  again(turn: Turn, model: string, apiKey?: string): void {
    this.#key = apiKey ?? this.#key;
    const { state, text } = turn.answer;
    if (state === "failed" && text === "") {
      this.#update(this.#current, (conversation) => withoutTurn(conversation, turn.id));
    }
    this.ask(model, turn.question, turn.parent);
  }

  show(turn: Turn): void {
    this.#update(this.#current, (conversation) => showBranch(conversation, turn));
    void this.#save(this.#current);
  }

  set(change: Partial<ChatSettings>): void {
    this.#update(this.#current, (conversation) => ({
      ...conversation,
      settings: { ...conversation.settings, ...change },
    }));
    void this.#save(this.#current);
  }

  /** The node reports a finished request: the host that answered it, and the ones that continued it. */
  note({ id: requestId, host, continuedBy }: RequestRecord): void {
    for (const { id, turns } of this.#conversations.values()) {
      const turn = turns.find(({ answer }) => answer.requestId === requestId);
      if (turn === undefined) continue;
      const told = turn.answer.continuedBy.length;
      if (told === continuedBy.length && turn.answer.host === host) return;
      const step = (answer: Answer) => ({ ...answer, host: host ?? answer.host, continuedBy });
      this.#update(id, (conversation) => withAnswer(conversation, turn.id, step));
      return void this.#save(id);
    }
  }

  stop(id: string = this.#current): void {
    this.#running.get(id)?.abort();
  }

  #create(): Conversation {
    const conversation = newConversation(this.#parts.newId(), this.#parts.now());
    this.#conversations.set(conversation.id, conversation);
    return conversation;
  }

  #now(): Conversation {
    return this.#conversations.get(this.#current) ?? this.#create();
  }

  /** Follows one answer to its end. Never throws. */
  async #follow(id: string, turn: Turn, earlier: readonly Turn[]): Promise<void> {
    const abort = new AbortController();
    this.#running.set(id, abort);
    const change = (step: (answer: Answer) => Answer) =>
      this.#update(id, (conversation) => withAnswer(conversation, turn.id, step));
    const saving = setInterval(() => void this.#save(id), SAVE_INTERVAL_MS);
    try {
      const { settings } = this.#conversations.get(id) ?? this.#now();
      await this.#read(chatRequest(turn, earlier, settings), abort.signal, change);
    } catch (error) {
      if (abort.signal.aborted) change(stopAnswer);
      else change((answer) => failAnswer(answer, problemOf(error, this.#key)));
    } finally {
      clearInterval(saving);
      if (this.#running.get(id) === abort) this.#running.delete(id);
      this.#changed();
      await this.#save(id);
    }
  }

  async #read(
    request: ChatRequest,
    signal: AbortSignal,
    change: (step: (answer: Answer) => Answer) => void,
  ): Promise<void> {
    const reply = await this.#parts.ask(request, { apiKey: this.#key, signal });
    change((answer) => ({ ...answer, host: reply.host, requestId: reply.requestId }));
    for await (const chunks of reply.chunks) {
      const at = this.#parts.elapsed();
      change((answer) => chunks.reduce((sum, chunk) => addChunk(sum, chunk, at), answer));
    }
    change(endAnswer);
  }

  #update(id: string, step: (conversation: Conversation) => Conversation): void {
    const conversation = this.#conversations.get(id);
    if (conversation === undefined) return;
    this.#conversations.set(id, step(conversation));
    this.#changed();
  }

  async #save(id: string): Promise<void> {
    const conversation = this.#conversations.get(id);
    if (conversation === undefined || conversation.turns.length === 0) return;
    try {
      await this.#parts.storage.save(conversation);
      await this.#dropOldest();
    } catch {
      this.#notKept = "This browser has no room for this conversation: it ends with this page.";
      this.#changed();
    }
  }

  async #dropOldest(): Promise<void> {
    const old = tooMany([...this.#conversations.values()].filter(({ turns }) => turns.length > 0))
      .filter(({ id }) => id !== this.#current);
    if (old.length === 0) return;
    for (const { id } of old) this.#conversations.delete(id);
    await this.#parts.storage.remove(old.map(({ id }) => id));
    this.#changed();
  }

  /** Tells at most once a frame. */
  #changed(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    this.#parts.nextFrame(() => {
      this.#drawing = false;
      this.#state = this.#makeState();
      for (const listener of this.#listeners) listener();
    });
  }

  #makeState(): ChatState {
    return {
      kept: [...this.#conversations.values()].filter(({ turns }) => turns.length > 0)
        .sort((a, b) => b.updatedMs - a.updatedMs),
      current: this.#now(),
      busy: new Set(this.#running.keys()),
      notKept: this.#notKept,
    };
  }
}
