import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import { EMPTY_DRAFT, useDraft } from "../hooks/use_draft.ts";
import { AttachmentError, readAttachment } from "../lib/attachments.ts";
import type { Attachment, Question } from "../lib/conversation.ts";
import { ATTACHMENTS_MAX } from "../lib/defaults.ts";
import { Attachments } from "./chat_question.tsx";
import { AttachIcon, SendIcon, StopIcon } from "./icons.tsx";

interface ComposerProps {
  readonly input: RefObject<HTMLTextAreaElement | null>;
  /** The warm model that is asked, `null` while there is none. */
  readonly model: string | null;
  readonly vision: boolean;
  readonly busy: boolean;
  readonly onAsk: (question: Question) => void;
  readonly onStop: () => void;
}

/** Enter sends, Shift+Enter starts a line, and Enter that ends an input method's word does neither. */
function isSendKey(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing;
}

/** Adds files to the draft, and says why one of them was refused. */
function useFiles(vision: boolean, setFiles: SetFiles) {
  const [problem, setProblem] = useState<string | null>(null);
  async function add(chosen: readonly File[]): Promise<void> {
    setProblem(null);
    for (const file of chosen) {
      try {
        const read = await readAttachment(file);
        if (read.kind === "image" && !vision) {
          throw new AttachmentError(`${read.name} is an image, and this model reads text only`);
        }
        setFiles((before) => [...before, read].slice(0, ATTACHMENTS_MAX));
      } catch (error) {
        if (!(error instanceof AttachmentError)) throw error;
        setProblem(error.message);
      }
    }
  }
  const remove = (file: Attachment) => setFiles((before) => before.filter((one) => one !== file));
  return { problem, add, remove, forgive: () => setProblem(null) };
}

type SetFiles = (update: (before: readonly Attachment[]) => readonly Attachment[]) => void;

function AttachButton({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to attach"
        onChange={(event) => {
          onFiles([...event.currentTarget.files ?? []]);
          event.currentTarget.value = "";
        }}
      />
      <button
        type="button"
        class="button quiet round"
        aria-label="Attach files"
        onClick={() => picker.current?.click()}
      >
        <AttachIcon />
      </button>
    </>
  );
}

function SendButton({ busy, sendable, onStop }: {
  busy: boolean;
  sendable: boolean;
  onStop: () => void;
}) {
  if (busy) {
    return (
      <button type="button" class="button round" aria-label="Stop the answer" onClick={onStop}>
        <StopIcon />
      </button>
    );
  }
  return (
    <button type="submit" class="button primary round" aria-label="Send" disabled={!sendable}>
      <SendIcon />
    </button>
  );
}

export function Composer({ input, model, vision, busy, onAsk, onStop }: ComposerProps) {
  const [{ text, files }, setDraft] = useDraft();
  const setFiles: SetFiles = (update) =>
    setDraft((draft) => ({ ...draft, files: update(draft.files) }));
  const { problem, add, remove, forgive } = useFiles(vision, setFiles);
  const sendable = model !== null && !busy && (text.trim() !== "" || files.length > 0);
  const send = () => {
    if (!sendable) return;
    onAsk({ text: text.trim(), attachments: files });
    setDraft(() => EMPTY_DRAFT);
    forgive();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void add([...event.dataTransfer?.files ?? []]);
      }}
      onPaste={(event) => {
        const pasted = [...event.clipboardData?.files ?? []];
        if (pasted.length > 0) void add(pasted);
      }}
    >
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      <Attachments files={files} onRemove={remove} />
      <div class="composer-line">
        <AttachButton onFiles={(chosen) => void add(chosen)} />
        <label class="visually-hidden" for="question">Your question</label>
        <textarea
          id="question"
          ref={input}
          rows={1}
          placeholder={model === null ? "Opens when a model is ready" : "Ask something"}
          value={text}
          onInput={(event) => {
            const { value } = event.currentTarget;
            setDraft((draft) => ({ ...draft, text: value }));
          }}
          onKeyDown={(event) => {
            if (!isSendKey(event)) return;
            event.preventDefault();
            send();
          }}
        />
        <SendButton busy={busy} sendable={sendable} onStop={onStop} />
      </div>
    </form>
  );
}
