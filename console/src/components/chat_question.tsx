import { useEffect, useRef, useState } from "preact/hooks";
import type { Attachment, Question } from "../lib/conversation.ts";
import { EditIcon } from "./icons.tsx";

interface ChatQuestionProps {
  readonly question: Question;
  /** Asks it anew, in a branch of its own. Absent while nobody can be asked. */
  readonly onEdit: ((question: Question) => void) | undefined;
}

export function Attachments({ files, onRemove }: {
  files: readonly Attachment[];
  onRemove?: (file: Attachment) => void;
}) {
  if (files.length === 0) return null;
  return (
    <ul class="attachments">
      {files.map((file, index) => (
        <li key={index} data-kind={file.kind}>
          {file.kind === "image" && <img src={file.dataUrl} alt={file.name} />}
          <bdi>{file.name}</bdi>
          {onRemove !== undefined && (
            <button
              type="button"
              class="button quiet small"
              aria-label={`Remove ${file.name}`}
              onClick={() => onRemove(file)}
            >
              ×
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function Editor({ question, onEdit, onEnd }: {
  question: Question;
  onEdit: (question: Question) => void;
  onEnd: () => void;
}) {
  const [text, setText] = useState(question.text);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <form
      class="question-editor"
      onSubmit={(event) => {
        event.preventDefault();
        onEdit({ ...question, text: text.trim() });
        onEnd();
      }}
      onKeyDown={(event) => event.key === "Escape" && onEnd()}
    >
      <textarea
        aria-label="The question, changed"
        value={text}
        rows={3}
        ref={box}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="row">
        <button type="submit" class="button primary small" disabled={text.trim() === ""}>
          Ask anew
        </button>
        <button type="button" class="button small" onClick={onEnd}>Cancel</button>
      </div>
    </form>
  );
}

export function ChatQuestion({ question, onEdit }: ChatQuestionProps) {
  const [editing, setEditing] = useState(false);
  if (editing && onEdit !== undefined) {
    return <Editor question={question} onEdit={onEdit} onEnd={() => setEditing(false)} />;
  }
  return (
    <>
      <h3 class="visually-hidden">You asked</h3>
      <div class="question-line">
        {onEdit !== undefined && (
          <button
            type="button"
            class="button quiet round small"
            aria-label="Change this question"
            onClick={() => setEditing(true)}
          >
            <EditIcon />
          </button>
        )}
        <div class="question" dir="auto">
          <Attachments files={question.attachments} />
          {question.text}
        </div>
      </div>
    </>
  );
}
