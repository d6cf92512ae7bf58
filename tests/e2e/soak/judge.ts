/** The possible results of a request in a soak. Pure. */

/** How a request ended. */
export type Outcome =
  /** `ends` is how often `[DONE]` came, and 1 for an answer in one piece. */
  | {
    readonly kind: "answer";
    readonly text: string;
    readonly ends: number;
    readonly finishReasons: readonly string[];
  }
  | { readonly kind: "refused"; readonly status: number; readonly body: string }
  /** An event of a stream. */
  | { readonly kind: "error-event"; readonly data: string }
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "hangs"; readonly afterMs: number };

export interface Circumstances {
  readonly expected: string;
  /** The node that was asked was ended, or started again, meanwhile. */
  readonly entryWasDown: boolean;
  /** A user has taken the model from a node, or the node, a moment before or meanwhile. */
  readonly mayBeMissing: boolean;
}

/** The codes of errors that say what is so, and pass. */
const PASSING = [
  "model_not_ready",
  "model_unavailable",
  "model_overloaded",
  "answer_interrupted",
  "node_stopping",
];

const MISSING = "model_not_found";

/** `null` where all is well, else what is wrong. */
export function judge(outcome: Outcome, circumstances: Circumstances): string | null {
  const { expected, entryWasDown, mayBeMissing } = circumstances;
  switch (outcome.kind) {
    case "answer":
      if (outcome.ends !== 1) return `it ended in good order with ${outcome.ends} [DONE]`;
      if (outcome.finishReasons.join() !== "stop") return `it finished by ${outcome.finishReasons}`;
      return outcome.text === expected ? null : `a wrong answer: ${JSON.stringify(outcome.text)}`;
    case "refused":
      return judgeError(outcome.body, `${outcome.status}: ${outcome.body}`, mayBeMissing);
    case "error-event":
      return judgeError(outcome.data, `an error event: ${outcome.data}`, mayBeMissing);
    case "broken":
      return entryWasDown ? null : `it broke: ${outcome.reason}`;
    case "hangs":
      return `it hangs, after ${outcome.afterMs} ms`;
  }
}

function judgeError(body: string, what: string, mayBeMissing: boolean): string | null {
  const error = parse(body)?.error;
  const isShaped = typeof error?.message === "string" && error.message !== "" &&
    typeof error.type === "string" && typeof error.code === "string";
  if (!isShaped) return `no clear error: ${what}`;
  if (PASSING.includes(error.code) || (mayBeMissing && error.code === MISSING)) return null;
  return what;
}

function parse(body: string) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
