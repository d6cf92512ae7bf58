import assert from "node:assert/strict";
import type { ChatReply, ChatRequest } from "../../console/src/lib/api.ts";
import { type ChatStorage, tooMany } from "../../console/src/lib/chat_storage.ts";
import { ChatStore } from "../../console/src/lib/chat_store.ts";
import {
  addTurn,
  type Conversation,
  newConversation,
  pathOf,
} from "../../console/src/lib/conversation.ts";
import { beginAnswer } from "../../console/src/lib/answer.ts";
import { CONVERSATIONS_MAX } from "../../console/src/lib/defaults.ts";

class MemoryStorage implements ChatStorage {
  readonly saved = new Map<string, Conversation>();
  refuses = false;

  load(): Promise<readonly Conversation[]> {
    if (this.refuses) return Promise.reject(new Error("no database"));
    return Promise.resolve([...this.saved.values()]);
  }

  save(conversation: Conversation): Promise<void> {
    this.saved.set(conversation.id, conversation);
    return Promise.resolve();
  }

  remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.saved.delete(id);
    return Promise.resolve();
  }
}

/** A model that says its lines, one after the other. */
function setUp(...lines: string[]) {
  const storage = new MemoryStorage();
  const asked: ChatRequest[] = [];
  const fail = { next: false };
  let ids = 0;
  const ask = (request: ChatRequest): Promise<ChatReply> => {
    asked.push(request);
    if (fail.next) {
      fail.next = false;
      return Promise.reject(new Error("Nobody is there"));
    }
    const chunk = {
      text: lines.shift() ?? "",
      reasoning: "",
      finish: "stop",
      tokens: 1,
      error: null,
    };
    const chunks = (async function* () {
      yield [chunk];
    })();
    return Promise.resolve({ host: "h", requestId: "r", chunks });
  };
  const store = new ChatStore({
    ask,
    storage,
    newId: () => `${++ids}`,
    now: () => ids,
    elapsed: () => ids,
    nextFrame: (draw) => queueMicrotask(draw),
  });
  /** Resolves when no answer is being written. */
  const idle = () =>
    new Promise<void>((resolve) => {
      const look = () => store.state.busy.size === 0 && (unsubscribe(), resolve());
      const unsubscribe = store.subscribe(look);
    });
  const shown = () =>
    pathOf(store.state.current).map(({ question, answer }) => `${question.text} ${answer.text}`);
  return { store, storage, asked, idle, shown, fail };
}

const question = (text: string) => ({ text, attachments: [] });

Deno.test("an answer is followed to its end and kept", async () => {
  const { store, storage, idle, shown } = setUp("yes", "no");
  store.ask("big", question("one?"));
  await idle();
  store.ask("big", question("two?"));
  await idle();
  assert.deepEqual(shown(), ["one? yes", "two? no"]);
  assert.equal(store.state.current.turns[0]?.answer.host, "h");
  assert.deepEqual([...storage.saved.keys()], [store.state.current.id]);
});

Deno.test("a question that is changed begins a branch, told of what came before it only", async () => {
  const { store, asked, idle, shown } = setUp("yes", "no", "maybe");
  store.ask("big", question("one?"));
  await idle();
  store.ask("big", question("two?"));
  await idle();
  const second = store.state.current.turns[1]!;
  store.ask("big", question("two, changed?"), second.parent);
  await idle();
  assert.deepEqual(shown(), ["one? yes", "two, changed? maybe"]);
  assert.deepEqual(asked[2]?.messages.map(({ content }) => content), [
    "one?",
    "yes",
    "two, changed?",
  ]);
  store.show(second);
  await new Promise<void>(queueMicrotask);
  assert.deepEqual(shown(), ["one? yes", "two? no"]);
});

Deno.test("an answer that never came makes room for the next; one that broke off stays", async () => {
  const { store, idle, fail } = setUp("half", "whole");
  fail.next = true;
  store.ask("big", question("one?"));
  await idle();
  const [refused] = store.state.current.turns;
  assert.equal(refused?.answer.state, "failed");
  store.again(refused!, "big");
  await idle();
  assert.deepEqual(store.state.current.turns.map(({ answer }) => answer.text), ["half"]);
  store.again(store.state.current.turns[0]!, "big");
  await idle();
  assert.deepEqual(store.state.current.turns.map(({ answer }) => answer.text), ["half", "whole"]);
});

Deno.test("settings of a conversation go with each question of it", async () => {
  const { store, asked, idle } = setUp("yes");
  // Each is filled in by itself, and nothing is drawn between two.
  store.set({ system: "Be brief" });
  store.set({ temperature: 0 });
  store.set({ maxTokens: 9 });
  store.ask("big", question("one?"));
  await idle();
  const { messages, temperature, max_tokens, top_p } = asked[0]!;
  assert.deepEqual([messages[0]?.content, temperature, max_tokens, top_p], [
    "Be brief",
    0,
    9,
    undefined,
  ]);
});

Deno.test("a browser that keeps nothing is said to, and the chat works all the same", async () => {
  const { store, storage, idle, shown } = setUp("yes");
  storage.refuses = true;
  await store.load();
  store.ask("big", question("one?"));
  await idle();
  assert.match(store.state.notKept ?? "", /keeps no conversations/);
  assert.deepEqual(shown(), ["one? yes"]);
});

Deno.test("conversations come back, can be opened, and go when deleted", async () => {
  const { store, storage } = setUp();
  const turn = {
    id: "t",
    parent: null,
    model: "big",
    question: question("old?"),
    answer: beginAnswer(0),
  };
  const old = addTurn(newConversation("old", 1), turn, 1);
  storage.saved.set("old", old);
  await store.load();
  await new Promise<void>(queueMicrotask);
  assert.deepEqual(store.state.kept.map(({ id }) => id), ["old"]);
  store.open("old");
  await new Promise<void>(queueMicrotask);
  assert.equal(store.state.current.id, "old");
  store.remove("old");
  await new Promise<void>(queueMicrotask);
  assert.deepEqual(store.state.kept, []);
  assert.equal(storage.saved.size, 0);
});

Deno.test("tooMany() names the oldest beyond the bound", () => {
  const all = Array.from(
    { length: CONVERSATIONS_MAX + 2 },
    (_, age) => newConversation(`${age}`, 1_000 - age),
  );
  assert.deepEqual(tooMany(all).map(({ id }) => id), [
    `${CONVERSATIONS_MAX}`,
    `${CONVERSATIONS_MAX + 1}`,
  ]);
});
