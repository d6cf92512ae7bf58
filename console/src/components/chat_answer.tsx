import { type Answer, answerFigures, isOpen } from "../lib/answer.ts";
import type { Turn } from "../lib/conversation.ts";
import { displayName, formatDuration, formatRate, listNames } from "../lib/format.ts";
import { CopyButton } from "./copy_button.tsx";
import { AgainIcon } from "./icons.tsx";
import { Later } from "./later.tsx";
import { Problem } from "./problem.tsx";

interface ChatAnswerProps {
  readonly turn: Turn;
  /** The machines that answered, by name, in order. */
  readonly hosts: readonly string[];
  /** Absent while nobody can be asked. */
  readonly onAgain: ((apiKey?: string) => void) | undefined;
}

const loadMarkdown = () => import("./markdown.tsx");

function figures({ turn, hosts }: ChatAnswerProps): string[] {
  const { answer } = turn;
  const { firstTokenMs, tokensPerSecond } = answerFigures(answer);
  return [
    displayName(turn.model),
    ...hosts.slice(0, 1).map((host) => `answered by ${host}`),
    ...hosts.slice(1).map((host) => `continued by ${host}`),
    ...(tokensPerSecond === null || isOpen(answer) ? [] : [formatRate(tokensPerSecond)]),
    ...(firstTokenMs === null ? [] : [`first token after ${formatDuration(firstTokenMs)}`]),
    ...(answer.finish === "length" ? ["reached its length limit"] : []),
    ...(answer.state === "stopped" ? ["stopped"] : []),
  ];
}

function Reasoning({ answer }: { answer: Answer }) {
  if (answer.reasoning === "") return null;
  return (
    <details class="reasoning">
      <summary>{answer.text === "" && isOpen(answer) ? "Thinking…" : "Its thoughts"}</summary>
      <p dir="auto">{answer.reasoning}</p>
    </details>
  );
}

function Text({ answer }: { answer: Answer }) {
  const open = isOpen(answer);
  return (
    <div class="answer" dir="auto">
      {answer.text !== "" && (
        <Later
          load={loadMarkdown}
          props={{ text: answer.text, open }}
          meanwhile={<p class="plain">{answer.text}</p>}
        />
      )}
      {open && <span class="caret" aria-hidden="true" />}
    </div>
  );
}

/** An answer. Whatever a model says is text here and nothing else. */
export function ChatAnswer(props: ChatAnswerProps) {
  const { turn, hosts, onAgain } = props;
  const { answer } = turn;
  return (
    <>
      <h3 class="visually-hidden">Answer</h3>
      <Reasoning answer={answer} />
      <Text answer={answer} />
      {hosts.length > 1 && (
        <p class="continued">
          This answer broke off, and <bdi>{listNames(hosts.slice(1))}</bdi>{" "}
          went on where it ended. Nothing is missing.
        </p>
      )}
      {answer.problem !== null && <Problem problem={answer.problem} onRetry={onAgain} />}
      <div class="turn-end">
        {!isOpen(answer) && answer.text !== "" && (
          <CopyButton text={answer.text} what="this answer" quiet />
        )}
        {!isOpen(answer) && onAgain !== undefined && answer.problem === null && (
          <button
            type="button"
            class="button quiet small"
            onClick={() => onAgain()}
          >
            <AgainIcon />
            Answer again
          </button>
        )}
        <p class="figures muted">
          {figures(props).map((text) => (
            <span key={text}>
              <bdi>{text}</bdi>
            </span>
          ))}
        </p>
      </div>
    </>
  );
}
