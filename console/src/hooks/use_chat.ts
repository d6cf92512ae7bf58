import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import {
  addChunk,
  type Answer,
  beginAnswer,
  endAnswer,
  failAnswer,
  type Problem,
  stopAnswer,
} from "../lib/answer.ts";
import { askModel, type AskOptions, type ChatRequest } from "../lib/api.ts";
import { ApiError } from "../lib/api_error.ts";
import { messagesFor, type Turn, withAnswer } from "../lib/conversation.ts";

export interface Chat {
  readonly turns: readonly Turn[];
  readonly busy: boolean;
  ask(model: string, question: string): void;
  /** Asks the last question again, in place of its failed answer. A key given here is kept while the page is open. */
  retry(model: string, apiKey?: string): void;
  stop(): void;
  clear(): void;
}

const UNAUTHORIZED = 401;

/** Applies changes to a value at once and renders it at most once a frame: tokens come faster than frames. */
function useFrameState<T>(initial: T): [T, RefObject<T>, (value: T) => void] {
  const [shown, show] = useState(initial);
  const latest = useRef(initial);
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const set = (value: T) => {
    latest.current = value;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => show(() => latest.current));
  };
  return [shown, latest, set];
}

/** The node's own words on a key are for programs. */
function problemOf(error: unknown, apiKey: string | null): Problem {
  if (error instanceof ApiError && error.status === UNAUTHORIZED) {
    const message = apiKey === null
      ? "This node answers only with its API key"
      : "This node did not take the API key";
    return { message, needsKey: true };
  }
  return { message: error instanceof Error ? error.message : String(error), needsKey: false };
}

/** Follows one answer to its end and reports each change of it. Never throws. */
async function follow(
  request: ChatRequest,
  options: AskOptions,
  change: (step: (answer: Answer) => Answer) => void,
): Promise<void> {
  try {
    const reply = await askModel(request, options);
    change((answer) => ({ ...answer, host: reply.host }));
    for await (const chunks of reply.chunks) {
      const nowMs = performance.now();
      change((answer) => chunks.reduce((sum, chunk) => addChunk(sum, chunk, nowMs), answer));
    }
    change(endAnswer);
  } catch (error) {
    if (options.signal.aborted) return change(stopAnswer);
    change((answer) => failAnswer(answer, problemOf(error, options.apiKey)));
  }
}

export function useChat(): Chat {
  const [turns, latest, setTurns] = useFrameState<readonly Turn[]>([]);
  const [busy, setBusy] = useState(false);
  const running = useRef<AbortController | null>(null);
  const key = useRef<string | null>(null);
  const nextId = useRef(1);

  async function ask(model: string, question: string, earlier: readonly Turn[]): Promise<void> {
    running.current?.abort();
    const abort = running.current = new AbortController();
    const id = nextId.current++;
    setTurns([...earlier, { id, model, question, answer: beginAnswer(performance.now()) }]);
    setBusy(true);
    await follow(
      { model, messages: messagesFor(model, earlier, question) },
      { apiKey: key.current, signal: abort.signal },
      (step) => setTurns(withAnswer(latest.current, id, step)),
    );
    if (running.current === abort) setBusy(false);
  }

  return {
    turns,
    busy,
    ask: (model, question) => void ask(model, question, latest.current),
    retry: (model, apiKey) => {
      key.current = apiKey ?? key.current;
      const last = latest.current.at(-1);
      if (last !== undefined) void ask(model, last.question, latest.current.slice(0, -1));
    },
    stop: () => running.current?.abort(),
    clear: () => {
      running.current?.abort();
      setTurns([]);
    },
  };
}
