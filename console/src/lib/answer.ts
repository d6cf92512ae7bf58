/** The life of one streamed answer. Pure: the clock is an argument. */

import type { ChatChunk } from "./chat_chunk.ts";
import { RATE_SPAN_MIN_MS } from "./defaults.ts";

export interface Problem {
  /** For people. */
  readonly message: string;
  /** The node wants an API key that this page did not send. */
  readonly needsKey: boolean;
}

export interface Answer {
  readonly state: "waiting" | "streaming" | "done" | "stopped" | "failed";
  readonly text: string;
  readonly reasoning: string;
  /** PeerId of the machine that answers, once known. */
  readonly host: string | null;
  /** Those that went on where it broke off, in order. */
  readonly continuedBy: readonly string[];
  /** The node's name for the request, once known. */
  readonly requestId: string | null;
  readonly finish: string | null;
  /** Set if `state` is `failed`. */
  readonly problem: Problem | null;
  readonly sentAtMs: number;
  readonly firstTokenAtMs: number | null;
  readonly lastTokenAtMs: number | null;
  readonly tokens: number;
}

export interface AnswerFigures {
  readonly firstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
}

export function beginAnswer(nowMs: number): Answer {
  return {
    state: "waiting",
    text: "",
    reasoning: "",
    host: null,
    continuedBy: [],
    requestId: null,
    finish: null,
    problem: null,
    sentAtMs: nowMs,
    firstTokenAtMs: null,
    lastTokenAtMs: null,
    tokens: 0,
  };
}

/** True until the answer is complete, stopped or failed. */
export function isOpen(answer: Answer): boolean {
  return answer.state === "waiting" || answer.state === "streaming";
}

export function addChunk(answer: Answer, chunk: ChatChunk, nowMs: number): Answer {
  if (!isOpen(answer)) return answer;
  if (chunk.error !== null) return failAnswer(answer, { message: chunk.error, needsKey: false });
  const finish = chunk.finish ?? answer.finish;
  // Most servers send a chunk a token; the count in the last chunk corrects this one.
  if (chunk.text === "" && chunk.reasoning === "") {
    return { ...answer, finish, tokens: chunk.tokens ?? answer.tokens };
  }
  return {
    ...answer,
    state: "streaming",
    text: answer.text + chunk.text,
    reasoning: answer.reasoning + chunk.reasoning,
    finish,
    firstTokenAtMs: answer.firstTokenAtMs ?? nowMs,
    lastTokenAtMs: nowMs,
    tokens: chunk.tokens ?? answer.tokens + 1,
  };
}

/** The stream has ended. Without a reason in its last chunk the answer was cut off. */
export function endAnswer(answer: Answer): Answer {
  if (!isOpen(answer)) return answer;
  if (answer.finish !== null) return { ...answer, state: "done" };
  const message = "The answer was cut off before its end";
  return failAnswer(answer, { message, needsKey: false });
}

export function stopAnswer(answer: Answer): Answer {
  return isOpen(answer) ? { ...answer, state: "stopped" } : answer;
}

export function failAnswer(answer: Answer, problem: Problem): Answer {
  return isOpen(answer) ? { ...answer, state: "failed", problem } : answer;
}

/** The figures that this page measured, network included. The rate spans the first to the last token. */
export function answerFigures(answer: Answer): AnswerFigures {
  const { sentAtMs, firstTokenAtMs, lastTokenAtMs, tokens } = answer;
  if (firstTokenAtMs === null || lastTokenAtMs === null) {
    return { firstTokenMs: null, tokensPerSecond: null };
  }
  const spanMs = lastTokenAtMs - firstTokenAtMs;
  return {
    firstTokenMs: firstTokenAtMs - sentAtMs,
    tokensPerSecond: tokens > 1 && spanMs >= RATE_SPAN_MIN_MS
      ? ((tokens - 1) / spanMs) * 1000
      : null,
  };
}

/** The machines that answered, in order. */
export function hostsOf({ host, continuedBy }: Answer): readonly string[] {
  return host === null ? [] : [host, ...continuedBy];
}
