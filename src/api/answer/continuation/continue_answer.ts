import { EventCutter } from "../../events/event_cutter.ts";
import { isTokens, type RequestBody } from "./decide.ts";
import { completionBody, type Position, Seam, tokensLeft } from "./seam.ts";
import type { AnswerHead, Endpoint, SentAnswer } from "./sent_answer.ts";

/** Asks the instance that goes on. Its errors reach the caller of the rest. */
export interface Continuer {
  /** Answers with JSON. */
  ask(path: string, body: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Answers with events, in any cut. */
  stream(path: string, body: Record<string, unknown>): Promise<AsyncIterable<Uint8Array>>;
}

/** An answer that broke off. */
export interface BrokenAnswer {
  readonly endpoint: Endpoint;
  readonly body: RequestBody;
  readonly sent: SentAnswer;
  readonly head: AnswerHead;
}

/**
 * The rest of a broken answer, as whole events in the shape that it began with: the instance gets the
 * prompt and the text so far in tokens, and goes on behind them.
 */
export async function* continueAnswer(
  instance: Continuer,
  { endpoint, body, sent, head }: BrokenAnswer,
): AsyncGenerator<Uint8Array> {
  const position = await findPosition(instance, endpoint, body, sent.text);
  const seam = new Seam({ endpoint, body, head, position });
  const left = tokensLeft(body, position);
  if (sent.finishReason !== null || (left !== null && left <= 0)) {
    yield seam.close(sent);
    return;
  }
  const cutter = new EventCutter();
  for await (const chunk of await instance.stream("/completion", completionBody(body, position))) {
    const events = seam.translate(cutter.push(chunk));
    if (events.length > 0) yield events;
  }
}

async function findPosition(
  instance: Continuer,
  endpoint: Endpoint,
  body: RequestBody,
  text: string,
): Promise<Position> {
  if (endpoint === "text" && isTokens(body.prompt)) {
    return await behindTokens(instance, body.prompt, text);
  }
  const prompt = endpoint === "text"
    ? String(body.prompt)
    : String((await instance.ask("/apply-template", { ...body })).prompt);
  const [own, whole] = await Promise.all([
    tokensOf(instance, prompt),
    tokensOf(instance, prompt + text),
  ]);
  return { prompt: own, reached: whole };
}

/** A prompt that came in tokens is kept to the token. */
async function behindTokens(
  instance: Continuer,
  prompt: readonly number[],
  text: string,
): Promise<Position> {
  const { content } = await instance.ask("/detokenize", { tokens: prompt });
  const before = String(content);
  const [own, whole] = await Promise.all([
    tokensOf(instance, before),
    tokensOf(instance, before + text),
  ]);
  return { prompt, reached: [...prompt, ...whole.slice(own.length)] };
}

async function tokensOf(instance: Continuer, content: string): Promise<readonly number[]> {
  // As llama-server itself reads a prompt.
  const options = { add_special: true, parse_special: true };
  const { tokens } = await instance.ask("/tokenize", { content, ...options });
  if (isTokens(tokens)) return tokens;
  throw new Error("An instance did not tell the tokens of a text");
}
