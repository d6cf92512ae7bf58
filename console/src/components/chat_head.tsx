import type { TargetedKeyboardEvent } from "preact";
import { asJson, asMarkdown, fileName } from "../lib/chat_export.ts";
import type { Conversation } from "../lib/conversation.ts";
import { displayName } from "../lib/format.ts";
import { saveFile } from "../lib/save_file.ts";
import { ExportIcon, ListIcon, PlusIcon, SettingsIcon } from "./icons.tsx";

/** The part that is folded away until it is asked for. */
export type Panel = "none" | "settings" | "conversations";

interface ChatHeadProps {
  readonly conversation: Conversation;
  readonly warm: readonly string[];
  readonly model: string | null;
  readonly panel: Panel;
  readonly onPick: (model: string) => void;
  readonly onPanel: (panel: Panel) => void;
  readonly onNew: () => void;
}

function ModelPicker(
  { warm, model, onPick }: Pick<ChatHeadProps, "warm" | "onPick"> & { model: string },
) {
  return (
    <label class="picker">
      <span class="visually-hidden">Model to ask</span>
      <select value={model} onChange={(event) => onPick(event.currentTarget.value)}>
        {warm.map((name) => <option key={name} value={name}>{displayName(name)}</option>)}
      </select>
    </label>
  );
}

/** Escape closes it, and leaves the focus on what opened it. */
function closeOnEscape(event: TargetedKeyboardEvent<HTMLDetailsElement>): void {
  const menu = event.currentTarget;
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
}

function ExportButtons({ conversation }: { conversation: Conversation }) {
  return (
    <details class="menu" onKeyDown={closeOnEscape}>
      <summary class="button quiet round" aria-label="Export this conversation">
        <ExportIcon />
      </summary>
      <div class="menu-items">
        <button
          type="button"
          class="button small"
          onClick={() =>
            saveFile(fileName(conversation, "md"), asMarkdown(conversation), "text/markdown")}
        >
          As Markdown
        </button>
        <button
          type="button"
          class="button small"
          onClick={() =>
            saveFile(fileName(conversation, "json"), asJson(conversation), "application/json")}
        >
          As JSON
        </button>
      </div>
    </details>
  );
}

export function ChatHead(props: ChatHeadProps) {
  const { conversation, warm, model, panel, onPick, onPanel, onNew } = props;
  return (
    <div class="chat-head">
      <button
        type="button"
        class="button quiet round narrow-only"
        aria-label="Conversations"
        aria-expanded={panel === "conversations"}
        onClick={() => onPanel("conversations")}
      >
        <ListIcon />
      </button>
      <h1 class="visually-hidden">Chat</h1>
      {model !== null && <ModelPicker warm={warm} model={model} onPick={onPick} />}
      <span class="push" />
      <button
        type="button"
        class="button quiet round"
        aria-label="System prompt and sampling"
        aria-expanded={panel === "settings"}
        onClick={() => onPanel("settings")}
      >
        <SettingsIcon />
      </button>
      {conversation.turns.length > 0 && <ExportButtons conversation={conversation} />}
      <button
        type="button"
        class="button quiet round narrow-only"
        aria-label="Begin a new chat"
        onClick={onNew}
      >
        <PlusIcon />
      </button>
    </div>
  );
}
