import { datasOf, EventCutter } from "../events/event_cutter.ts";
import type { OllamaAnswer } from "./answer.ts";

export const NDJSON = "application/x-ndjson";

const encoder = new TextEncoder();

/** One object a line. */
export function lineOf(object: unknown): string {
  return `${JSON.stringify(object)}\n`;
}

/**
 * The events of an answer as Ollama's lines. A comment is a sign of life, and becomes a line without words.
 * @param refusal why the answer is of no use to its caller, asked once it begins; then the stream ends with these words
 */
export function linesOf(
  events: ReadableStream<Uint8Array>,
  answer: OllamaAnswer,
  refusal: () => string | null,
): ReadableStream<Uint8Array> {
  const cutter = new EventCutter();
  let hasBegun = false;
  const translate = (piece: Uint8Array) => {
    if (piece.length === 0) return [];
    const datas = datasOf(piece);
    return datas.length === 0 ? [answer.waiting()] : datas.flatMap((data) => answer.event(data));
  };
  return events.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const events = cutter.push(chunk);
        if (!hasBegun && datasOf(events).length > 0) {
          hasBegun = true;
          const error = refusal();
          if (error !== null) {
            controller.enqueue(encoder.encode(lineOf({ error })));
            controller.terminate();
            return;
          }
        }
        const lines = translate(events).map(lineOf).join("");
        if (lines !== "") controller.enqueue(encoder.encode(lines));
      },
      flush(controller) {
        const lines = [...translate(cutter.rest()), ...answer.end()].map(lineOf).join("");
        if (lines !== "") controller.enqueue(encoder.encode(lines));
      },
    }),
  );
}
