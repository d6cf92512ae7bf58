import { useEffect, useState } from "preact/hooks";
import { askModel } from "../lib/api.ts";
import { BrowserChatStorage } from "../lib/chat_storage.ts";
import { type ChatState, ChatStore } from "../lib/chat_store.ts";

let store: ChatStore | undefined;

/** One for the page: an answer goes on being written while another page is looked at. */
export function chatStore(): ChatStore {
  if (store !== undefined) return store;
  store = new ChatStore({
    ask: askModel,
    storage: new BrowserChatStorage(),
    newId,
    now: Date.now,
    elapsed: () => performance.now(),
    nextFrame: requestFrame,
  });
  void store.load();
  return store;
}

/** `crypto.randomUUID` is missing on plain http beyond this machine. */
function newId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).reduce(
    (id, part) => id + part.toString(36),
    "",
  );
}

/** A tab in the background gets no frames, and its answer goes on all the same. */
function requestFrame(draw: () => void): void {
  if (document.visibilityState === "visible") requestAnimationFrame(draw);
  else setTimeout(draw, 250);
}

export function useChat(): [ChatState, ChatStore] {
  const chat = chatStore();
  const [state, setState] = useState(chat.state);
  useEffect(() => {
    setState(chat.state);
    return chat.subscribe(() => setState(chat.state));
  }, [chat]);
  return [state, chat];
}
