import { memo } from "preact/compat";
import { isOpen } from "../lib/answer.ts";
import type { Question, Turn } from "../lib/conversation.ts";
import { ChatAnswer } from "./chat_answer.tsx";
import { ChatQuestion } from "./chat_question.tsx";
import { LeftIcon, RightIcon } from "./icons.tsx";

export interface ChatTurnProps {
  readonly turn: Turn;
  /** All that follow the same turn, this one among them. */
  readonly branches: readonly Turn[];
  readonly hosts: readonly string[];
  readonly canAsk: boolean;
  readonly onAgain: (turn: Turn, apiKey?: string) => void;
  readonly onEdit: (turn: Turn, question: Question) => void;
  readonly onShow: (turn: Turn) => void;
}

function Branches({ turn, branches, onShow }: Pick<ChatTurnProps, "turn" | "branches" | "onShow">) {
  const at = branches.findIndex(({ id }) => id === turn.id);
  const [before, after] = [branches[at - 1], branches[at + 1]];
  const button = (label: string, target: Turn | undefined, icon: typeof LeftIcon) => (
    <button
      type="button"
      class="button quiet round small"
      aria-label={label}
      disabled={target === undefined}
      onClick={() => target !== undefined && onShow(target)}
    >
      {icon()}
    </button>
  );
  return (
    <div class="branches" role="group" aria-label="Versions of this question and its answer">
      {button("Earlier version", before, LeftIcon)}
      <span class="muted">{at + 1} of {branches.length}</span>
      {button("Later version", after, RightIcon)}
    </div>
  );
}

/** A question and its answer. */
export const ChatTurn = memo(
  (props: ChatTurnProps) => {
    const { turn, branches, hosts, canAsk, onAgain, onEdit, onShow } = props;
    return (
      <article class="turn" data-state={turn.answer.state} aria-busy={isOpen(turn.answer)}>
        <ChatQuestion
          question={turn.question}
          onEdit={canAsk ? (question) => onEdit(turn, question) : undefined}
        />
        {branches.length > 1 && <Branches turn={turn} branches={branches} onShow={onShow} />}
        <ChatAnswer
          turn={turn}
          hosts={hosts}
          onAgain={canAsk ? (apiKey) => onAgain(turn, apiKey) : undefined}
        />
      </article>
    );
  },
  (a, b) =>
    a.turn === b.turn && a.canAsk === b.canAsk && a.branches.length === b.branches.length &&
    a.hosts.join() === b.hosts.join(),
);
