import { createStore, delMany, entries, set, type UseStore } from "idb-keyval";
import { type Conversation, restored } from "./conversation.ts";
import { CONVERSATIONS_MAX } from "./defaults.ts";

/** Conversations beyond the newest ones that are kept. Pure. */
export function tooMany(conversations: readonly Conversation[]): readonly Conversation[] {
  return [...conversations].sort((a, b) => b.updatedMs - a.updatedMs).slice(CONVERSATIONS_MAX);
}

/** The place where conversations stay between visits. */
export interface ChatStorage {
  /** Newest first. */
  load(): Promise<readonly Conversation[]>;
  /** @throws what the browser says, where it keeps nothing or has no room. */
  save(conversation: Conversation): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}

/** The browser's own database: nothing of a chat leaves this browser and the mesh. */
export class BrowserChatStorage implements ChatStorage {
  #opened: UseStore | undefined;

  /** @throws where the browser has no database, or none for this page. */
  get #store(): UseStore {
    return this.#opened ??= createStore("mesh-llm", "conversations");
  }

  async load(): Promise<readonly Conversation[]> {
    const all = await entries<string, Conversation>(this.#store);
    return all.map(([, conversation]) => restored(conversation))
      .sort((a, b) => b.updatedMs - a.updatedMs);
  }

  async save(conversation: Conversation): Promise<void> {
    await set(conversation.id, conversation, this.#store);
  }

  async remove(ids: readonly string[]): Promise<void> {
    await delMany([...ids], this.#store);
  }
}
