import { useState } from "preact/hooks";
import { displayText } from "../lib/format.ts";
import type { Problem as AnswerProblem } from "../lib/answer.ts";

interface ProblemProps {
  readonly problem: AnswerProblem;
  /** Asks again, with a key where one was needed. Given where that is possible. */
  readonly onRetry: ((apiKey?: string) => void) | undefined;
}

function KeyForm({ onKey }: { onKey: (apiKey: string) => void }) {
  const [key, setKey] = useState("");
  return (
    <form
      class="key-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (key !== "") onKey(key);
      }}
    >
      <label for="api-key">API key of this node</label>
      <input
        id="api-key"
        type="password"
        autocomplete="off"
        value={key}
        onInput={(event) => setKey(event.currentTarget.value)}
      />
      <button type="submit" class="button small">Ask again</button>
    </form>
  );
}

/** Why an answer failed, and what to do about it. */
export function Problem({ problem, onRetry }: ProblemProps) {
  return (
    <div class="problem" role="alert">
      <p>{displayText(problem.message)}</p>
      {onRetry !== undefined && problem.needsKey && <KeyForm onKey={onRetry} />}
      {onRetry !== undefined && !problem.needsKey && (
        <button
          type="button"
          class="button small"
          onClick={() => onRetry()}
        >
          Ask again
        </button>
      )}
    </div>
  );
}
