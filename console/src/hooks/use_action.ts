import { useState } from "preact/hooks";
import { wordsOf } from "../lib/api_error.ts";

export interface Action {
  readonly busy: boolean;
  /** Why the last attempt failed, in words. */
  readonly problem: string | null;
  readonly run: (act: () => Promise<void>) => Promise<void>;
}

/** Something that a visitor has the node do, with what is to be said while it does and where it does not. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  async function run(act: () => Promise<void>): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await act();
    } catch (error) {
      setProblem(wordsOf(error));
    }
    setBusy(false);
  }
  return { busy, problem, run };
}
