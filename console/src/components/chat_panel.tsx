import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Chat, useChat } from "../hooks/use_chat.ts";
import { GUIDE_MODEL, GUIDE_QUESTIONS, pickModel } from "../lib/conversation.ts";
import { FOLLOW_DISTANCE_PX } from "../lib/defaults.ts";
import { displayName } from "../lib/format.ts";
import { nameOf } from "../lib/mesh_view.ts";
import { ChatTurn } from "./chat_turn.tsx";
import { Composer } from "./composer.tsx";

interface ChatPanelProps {
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly warm: readonly string[];
  readonly ownModel: string | null;
  readonly names: ReadonlyMap<string, string>;
}

interface PickerProps {
  readonly warm: readonly string[];
  readonly model: string;
  readonly onPick: (model: string) => void;
}

function ModelPicker({ warm, model, onPick }: PickerProps) {
  return (
    <label class="picker">
      <span class="visually-hidden">Model to ask</span>
      <select value={model} onChange={(event) => onPick(event.currentTarget.value)}>
        {warm.map((name) => <option key={name} value={name}>{displayName(name)}</option>)}
      </select>
    </label>
  );
}

function Welcome({ model, onAsk }: { model: string; onAsk: (question: string) => void }) {
  if (model !== GUIDE_MODEL) {
    return <p class="empty">Ask {displayName(model)} anything. Your words stay inside the mesh.</p>;
  }
  return (
    <div class="empty">
      <p>
        The guide is a tiny model that knows this program, so that you can try everything before a
        download. It takes each question by itself.
      </p>
      <ul class="suggestions">
        {GUIDE_QUESTIONS.map((question) => (
          <li key={question}>
            <button type="button" class="button" onClick={() => onAsk(question)}>{question}</button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Keeps the end of a growing answer in sight, unless the reader has scrolled up. */
function useFollowEnd(changed: unknown): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const note = () => {
      const below = element.scrollHeight - element.scrollTop - element.clientHeight;
      follows.current = below < FOLLOW_DISTANCE_PX;
    };
    element.addEventListener("scroll", note, { passive: true });
    return () => element.removeEventListener("scroll", note);
  }, []);
  useLayoutEffect(() => {
    if (follows.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [changed]);
  return box;
}

function Turns(
  { chat, model, names }: { chat: Chat; model: string | null } & Pick<ChatPanelProps, "names">,
) {
  const last = chat.turns.at(-1);
  const canRetry = model !== null && !chat.busy;
  return (
    <>
      {chat.turns.map((turn) => (
        <ChatTurn
          key={turn.id}
          turn={turn}
          hostName={turn.answer.host === null ? null : nameOf(names, turn.answer.host)}
          onRetry={turn === last && canRetry ? (apiKey) => chat.retry(model, apiKey) : undefined}
        />
      ))}
    </>
  );
}

export function ChatPanel({ input, warm, ownModel, names }: ChatPanelProps) {
  const chat = useChat();
  const [chosen, setChosen] = useState<string | null>(null);
  const model = pickModel(chosen, ownModel, warm);
  const box = useFollowEnd(chat.turns);
  const ask = (question: string) => model !== null && chat.ask(model, question);
  const empty = chat.turns.length === 0;
  return (
    <section class="panel chat" aria-labelledby="chat-title">
      <div class="chat-head">
        <h2 id="chat-title">Chat</h2>
        {model !== null && <ModelPicker warm={warm} model={model} onPick={setChosen} />}
        {!empty && (
          <button type="button" class="button small push" onClick={chat.clear}>New chat</button>
        )}
      </div>
      <div
        class="turns"
        ref={box}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Conversation"
      >
        {empty && model === null && <p class="empty">The chat opens as soon as a model is warm.</p>}
        {empty && model !== null && <Welcome model={model} onAsk={ask} />}
        <Turns chat={chat} model={model} names={names} />
      </div>
      <p class="visually-hidden" role="status">
        {chat.busy ? "The answer is being written" : empty ? "" : "The answer has ended"}
      </p>
      <Composer input={input} model={model} busy={chat.busy} onAsk={ask} onStop={chat.stop} />
    </section>
  );
}
