import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Status } from "../../../src/api/base/types.ts";
import { ChatHead, type Panel } from "../components/chat_head.tsx";
import { ChatSettingsForm } from "../components/chat_settings.tsx";
import { ChatTurns } from "../components/chat_turns.tsx";
import { ChatWelcome } from "../components/chat_welcome.tsx";
import { Composer } from "../components/composer.tsx";
import { ConversationList } from "../components/conversation_list.tsx";
import { useChat } from "../hooks/use_chat.ts";
import { pathOf, pickModel, type Question, type Turn } from "../lib/conversation.ts";
import type { ModelView } from "../lib/mesh_shapes.ts";
import { machineNames } from "../lib/mesh_view.ts";

interface ChatPageProps {
  readonly status: Status;
  readonly models: readonly ModelView[];
  /** Ids of models that read images. */
  readonly vision: ReadonlySet<string>;
}

export function ChatPage({ status, models, vision }: ChatPageProps) {
  const [state, chat] = useChat();
  const [chosen, setChosen] = useState<string | null>(null);
  const [panel, setPanel] = useState<Panel>("none");
  const input = useRef<HTMLTextAreaElement>(null);
  const names = useMemo(() => machineNames(status), [status]);
  const warm = useMemo(
    () => [...new Set(models.flatMap(({ state, name }) => state === "warm" ? name : []))],
    [models],
  );
  const { current } = state;
  const path = useMemo(() => pathOf(current), [current]);
  const model = pickModel(chosen ?? path.at(-1)?.model ?? null, status.node.model, warm);
  const latestModel = useRef(model);
  latestModel.current = model;
  const busy = state.busy.has(current.id);
  const canAsk = model !== null && !busy;

  useEffect(() => {
    // A phone would open its keyboard over the page.
    if (matchMedia("(pointer: fine)").matches) input.current?.focus();
  }, [current.id]);

  const ask = useCallback((question: Question, after?: string | null) => {
    if (latestModel.current !== null) chat.ask(latestModel.current, question, after);
  }, [chat]);
  const again = useCallback((turn: Turn, apiKey?: string) => {
    if (latestModel.current !== null) chat.again(turn, latestModel.current, apiKey);
  }, [chat]);
  const edit = useCallback((turn: Turn, question: Question) => ask(question, turn.parent), [ask]);
  const show = useCallback((turn: Turn) => chat.show(turn), [chat]);
  const open = (id: string) => {
    chat.open(id);
    setPanel("none");
  };

  return (
    <div class="page chat" data-panel={panel}>
      <ConversationList
        kept={state.kept}
        current={current.id}
        busy={state.busy}
        notKept={state.notKept}
        onOpen={open}
        onNew={() => {
          chat.begin();
          setPanel("none");
        }}
        onRemove={(id) => chat.remove(id)}
      />
      <section class="chat-main" aria-label="Chat">
        <ChatHead
          conversation={current}
          warm={warm}
          model={model}
          panel={panel}
          onPick={setChosen}
          onPanel={(wanted) => setPanel(panel === wanted ? "none" : wanted)}
          onNew={() => chat.begin()}
        />
        {panel === "settings" && (
          <ChatSettingsForm
            settings={current.settings}
            onChange={(one) => chat.set(one)}
          />
        )}
        <ChatTurns
          conversation={current}
          path={path}
          names={names}
          canAsk={canAsk}
          onAgain={again}
          onEdit={edit}
          onShow={show}
        >
          {path.length === 0 && (
            <ChatWelcome
              model={model}
              onAsk={(text) => ask({ text, attachments: [] })}
            />
          )}
        </ChatTurns>
        <p class="visually-hidden" role="status">
          {busy ? "The answer is being written" : path.length === 0 ? "" : "The answer has ended"}
        </p>
        <Composer
          input={input}
          model={model}
          vision={model !== null && vision.has(model)}
          busy={busy}
          onAsk={ask}
          onStop={() => chat.stop()}
        />
      </section>
    </div>
  );
}
