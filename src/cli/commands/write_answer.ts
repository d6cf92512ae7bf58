/** One answer, written as it comes. The words of a model steer no terminal. */

import { styleText } from "node:util";
import { printableLines } from "../../base/printable.ts";
import { CHAT_LOADING_POLL_MS } from "../base/defaults.ts";
import { offerOut, styled } from "../base/output.ts";
import { progressLine } from "../base/progress_line.ts";
import { Screen } from "../base/screen.ts";
import { askChat, type ChatPlace, loadingOf, type Question } from "../client/chat_api.ts";

export interface WriteAnswerOptions {
  readonly colour: boolean;
  readonly showsReasoning: boolean;
  /** Tells on standard error, a terminal, which model is being loaded. */
  readonly showsLoading: boolean;
  readonly signal: AbortSignal;
}

export interface WrittenAnswer {
  readonly text: string;
  /** False where it was stopped, or nobody reads any more. */
  readonly isWhole: boolean;
}

export async function writeAnswer(
  place: ChatPlace,
  question: Question,
  { colour, showsReasoning, showsLoading, signal }: WriteAnswerOptions,
): Promise<WrittenAnswer> {
  let text = "";
  let isThinking = false;
  const unread = new AbortController();
  const loading = showsLoading ? new LoadingLine(place, question.model, colour) : null;
  const both = AbortSignal.any([signal, unread.signal]);
  try {
    for await (const piece of askChat(place, question, both)) {
      loading?.end();
      if (piece.kind === "reasoning") {
        if (!showsReasoning) continue;
        if (!styled.out(dimmed(printableLines(piece.text), colour))) unread.abort();
        isThinking = true;
        continue;
      }
      text += piece.text;
      const gap = isThinking ? "\n\n" : "";
      isThinking = false;
      if (!offerOut(gap + piece.text)) unread.abort();
    }
    if (!unread.signal.aborted && !text.endsWith("\n")) offerOut("\n");
    return { text, isWhole: !unread.signal.aborted };
  } catch (error) {
    if (both.aborted) return { text, isWhole: false };
    throw error;
  } finally {
    loading?.end();
  }
}

function dimmed(text: string, colour: boolean): string {
  return colour ? styleText("dim", text, { validateStream: false }) : text;
}

/** Looks from time to time whether the answer waits for a model that is being loaded. */
class LoadingLine {
  readonly #screen = new Screen((text) => styled.error(text), { live: true });
  readonly #timer: ReturnType<typeof setInterval>;
  #shown = false;
  #ended = false;

  constructor(place: ChatPlace, model: string | null, colour: boolean) {
    this.#timer = setInterval(async () => {
      const loading = await loadingOf(place, model);
      if (loading === null || this.#ended) return;
      this.#shown = true;
      const label = `loading ${printableLines(loading.model)}`;
      this.#screen.showLive(progressLine({ label, fraction: loading.fraction, colour }));
    }, CHAT_LOADING_POLL_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#shown && !this.#ended) this.#screen.print("");
    this.#ended = true;
  }
}
