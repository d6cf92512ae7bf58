import { datasOf, EventCutter } from "../events/event_cutter.ts";
import type { OllamaAnswer } from "./answer.ts";

export const NDJSON = "application/x-ndjson";

const encoder = new TextEncoder();

/** One object a line. */
export function lineOf(object: unknown): string {
  return `${JSON.stringify(object)}\n`;
}

/** The events of an answer as Ollama's lines. A comment is a sign of life, and becomes a line without words. */
export function linesOf(
  events: ReadableStream<Uint8Array>,
  answer: OllamaAnswer,
): ReadableStream<Uint8Array> {
  const cutter = new EventCutter();
  const translate = (piece: Uint8Array) => {
    if (piece.length === 0) return [];
    const datas = datasOf(piece);
    return datas.length === 0 ? [answer.waiting()] : datas.flatMap((data) => answer.event(data));
  };
  return events.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const lines = translate(cutter.push(chunk)).map(lineOf).join("");
        if (lines !== "") controller.enqueue(encoder.encode(lines));
      },
      flush(controller) {
        const lines = [...translate(cutter.rest()), ...answer.end()].map(lineOf).join("");
        if (lines !== "") controller.enqueue(encoder.encode(lines));
      },
    }),
  );
}
