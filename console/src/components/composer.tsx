import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { SendIcon, StopIcon } from "./icons.tsx";

interface ComposerProps {
  readonly input: RefObject<HTMLTextAreaElement | null>;
  /** The warm model that is asked, `null` while there is none. */
  readonly model: string | null;
  readonly busy: boolean;
  readonly onAsk: (question: string) => void;
  readonly onStop: () => void;
}

/** Enter sends, Shift+Enter starts a line, and Enter that ends an input method's word does neither. */
function isSendKey(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing;
}

export function Composer({ input, model, busy, onAsk, onStop }: ComposerProps) {
  const [draft, setDraft] = useState("");
  const sendable = model !== null && !busy && draft.trim() !== "";
  const send = () => {
    if (!sendable) return;
    onAsk(draft.trim());
    setDraft("");
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="visually-hidden" for="question">Your question</label>
      <textarea
        id="question"
        ref={input}
        rows={1}
        placeholder={model === null ? "Opens when a model is warm" : "Ask something"}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (!isSendKey(event)) return;
          event.preventDefault();
          send();
        }}
      />
      {busy
        ? (
          <button type="button" class="button round" aria-label="Stop the answer" onClick={onStop}>
            <StopIcon />
          </button>
        )
        : (
          <button
            type="submit"
            class="button primary round"
            aria-label="Send"
            disabled={!sendable}
          >
            <SendIcon />
          </button>
        )}
    </form>
  );
}
