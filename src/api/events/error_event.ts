import { answerFor, type Refusal } from "../http/openai_errors.ts";
import { wholeText } from "../../base/whole_text.ts";
import { WHOLE_ANSWER_BYTES } from "../base/defaults.ts";

/** The last event of a stream that has begun and can't go on. */
export function errorEvent(path: string, refusal: Refusal): Uint8Array {
  return encode(path, answerFor(refusal).body.error);
}

/** The same from what an instance answers in place of events. */
export async function asErrorEvent(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const text = await wholeText(pieces, WHOLE_ANSWER_BYTES);
  return encode(path, errorOf(text) ?? { message: text });
}

function errorOf(text: string): unknown {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
}

/** OpenAI's completions know an error by its field, the streams with named events by their name and type. */
function encode(path: string, error: unknown): Uint8Array {
  const isNamed = path === "/v1/responses" || path === "/v1/messages";
  const data = JSON.stringify(isNamed ? { type: "error", error } : { error });
  return new TextEncoder().encode(`${isNamed ? "event: error\n" : ""}data: ${data}\n\n`);
}
