import { useState } from "preact/hooks";
import { wordsOf } from "../lib/api_error.ts";

interface TakeBackProps {
  readonly verb: "Revoke" | "Remove";
  /** For readers of the button alone. */
  readonly what: string;
  /** Told before it is confirmed. */
  readonly effect: string;
  /** Rejects with the reason where the node will not. */
  readonly take: () => Promise<void>;
  /** Called also where it has not worked: the list may have changed all the same. */
  readonly onTaken: (worked: boolean) => void;
}

/** The button that takes an entry of a list back, once that is confirmed. */
export function TakeBack({ verb, what, effect, take, onTaken }: TakeBackProps) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  async function confirm(): Promise<void> {
    const found = await take().then(() => null, wordsOf);
    setProblem(found);
    setAsking(found !== null);
    onTaken(found === null);
  }
  return (
    <>
      {asking
        ? (
          <div class="row" role="group" aria-label={`${verb} ${what}`}>
            <span>{effect}</span>
            <button type="button" class="button small danger" onClick={() => void confirm()}>
              {verb} <bdi>{what}</bdi>
            </button>
            <button type="button" class="button small" onClick={() => setAsking(false)}>
              Leave it
            </button>
          </div>
        )
        : (
          <button
            type="button"
            class="button small"
            aria-label={`${verb} ${what}`}
            onClick={() => setAsking(true)}
          >
            {verb}
          </button>
        )}
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
    </>
  );
}
