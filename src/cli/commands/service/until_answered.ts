/** The end of what a node answers, before it is started anew. */

import { count } from "../../base/format.ts";
import { ANSWERS_POLL_MS, ANSWERS_WAIT_MS, SPLIT_POLL_MS } from "./defaults.ts";

/** The work of a node that its end would break off. */
export interface NodeLoad {
  readonly answering: number;
  /** That have come from the other machines of its splits, as long as those are loaded. */
  readonly splitBytes: number;
}

export interface AnsweringNode {
  /** `null` where no node runs, or none that says anything. */
  readonly look: () => Promise<NodeLoad | null>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** The cause of the wait, in words for people. */
  readonly tell: (words: string) => void;
  /** The wait is called off. */
  readonly signal: AbortSignal;
}

/** `late`: there is no end of it within the time that anybody should wait. */
export type WaitEnd = "ended" | "late" | "stopped";

export async function untilAnswered(
  { look, now, pause, tell, signal }: AnsweringNode,
): Promise<WaitEnd> {
  const untilMs = now() + ANSWERS_WAIT_MS;
  let before: NodeLoad | null = null;
  while (!signal.aborted) {
    const load = await look();
    const words = load === null ? null : waitsFor(load, before);
    if (load === null || words === null) return signal.aborted ? "stopped" : "ended";
    if (now() >= untilMs) return "late";
    tell(words);
    const answers = load.answering > 0;
    // Two looks in such a short time do not tell whether bytes still come.
    before = answers ? null : load;
    await pause(answers ? ANSWERS_POLL_MS : SPLIT_POLL_MS);
  }
  return "stopped";
}

/** The reason to wait; `null` where there is none. A machine that lends memory knows of no answers, only that bytes come. Pure. */
export function waitsFor(
  { answering, splitBytes }: NodeLoad,
  before: NodeLoad | null,
): string | null {
  if (answering > 0) return `Waiting for ${count(answering, "answer")} to end`;
  const isAtWork = splitBytes > 0 && splitBytes !== before?.splitBytes;
  return isAtWork ? "Waiting for a split of which this machine is a part" : null;
}
