import { memo } from "preact/compat";
import { type Conversation, titleOf } from "../lib/conversation.ts";
import { PlusIcon, TrashIcon } from "./icons.tsx";

interface ConversationListProps {
  readonly kept: readonly Conversation[];
  readonly current: string;
  readonly busy: ReadonlySet<string>;
  readonly notKept: string | null;
  readonly onOpen: (id: string) => void;
  readonly onNew: () => void;
  readonly onRemove: (id: string) => void;
}

/** The conversations of this browser, newest first. */
export const ConversationList = memo((props: ConversationListProps) => {
  const { kept, current, busy, notKept, onOpen, onNew, onRemove } = props;
  return (
    <div class="conversations">
      <button type="button" class="button" onClick={onNew}>
        <PlusIcon />
        New chat
      </button>
      <ul aria-label="Conversations">
        {kept.map((conversation) => (
          <li key={conversation.id} data-busy={busy.has(conversation.id)}>
            <button
              type="button"
              class="conversation"
              aria-current={conversation.id === current ? "true" : undefined}
              onClick={() => onOpen(conversation.id)}
            >
              <bdi>{titleOf(conversation)}</bdi>
            </button>
            <button
              type="button"
              class="button quiet round small"
              aria-label={`Delete ${titleOf(conversation)}`}
              onClick={() => onRemove(conversation.id)}
            >
              <TrashIcon />
            </button>
          </li>
        ))}
      </ul>
      <p class="muted kept-note">{notKept ?? "Conversations stay in this browser."}</p>
    </div>
  );
});
