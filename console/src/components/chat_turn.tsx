import { type Answer, answerFigures, isOpen } from "../lib/answer.ts";
import type { Turn } from "../lib/conversation.ts";
import { displayName, formatDuration, formatRate } from "../lib/format.ts";
import { Problem } from "./problem.tsx";

interface ChatTurnProps {
  readonly turn: Turn;
  /** The machine that answers, by name; `null` until it is known. */
  readonly hostName: string | null;
  /** Given for the last turn only. */
  readonly onRetry: ((apiKey?: string) => void) | undefined;
}

const ENDINGS: Partial<Record<Answer["state"], string>> = { stopped: "stopped" };

function figures({ turn, hostName }: ChatTurnProps): string[] {
  const { answer } = turn;
  const { firstTokenMs, tokensPerSecond } = answerFigures(answer);
  const ending = answer.finish === "length" ? "reached its length limit" : ENDINGS[answer.state];
  return [
    displayName(turn.model),
    ...(hostName === null ? [] : [`answered by ${hostName}`]),
    ...(tokensPerSecond === null || isOpen(answer) ? [] : [formatRate(tokensPerSecond)]),
    ...(firstTokenMs === null ? [] : [`first token after ${formatDuration(firstTokenMs)}`]),
    ...(ending === undefined ? [] : [ending]),
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

/** A question and its answer. Whatever a model says is text here and nothing else. */
export function ChatTurn(props: ChatTurnProps) {
  const { turn, onRetry } = props;
  const { answer } = turn;
  return (
    <article class="turn" data-state={answer.state} aria-busy={isOpen(answer)}>
      <h3 class="visually-hidden">You asked</h3>
      <p class="question" dir="auto">{turn.question}</p>
      <h3 class="visually-hidden">Answer</h3>
      <Reasoning answer={answer} />
      <p class="answer" dir="auto">
        {answer.text}
        {isOpen(answer) && <span class="caret" aria-hidden="true" />}
      </p>
      {answer.problem !== null && <Problem problem={answer.problem} onRetry={onRetry} />}
      <p class="figures muted">
        {figures(props).map((text) => (
          <span key={text}>
            <bdi>{text}</bdi>
          </span>
        ))}
      </p>
    </article>
  );
}
