import { errorInStream, type ShownError } from "../http/error_shapes.ts";
import { answerFor, type Refusal } from "../http/openai_errors.ts";
import { wholeText } from "../../base/whole_text.ts";
import { WHOLE_ANSWER_BYTES } from "../base/defaults.ts";

/** The last event of a stream that has begun and can't go on. */
export function errorEvent(path: string, refusal: Refusal): Uint8Array {
  const { status, body } = answerFor(refusal);
  return encode(errorInStream(path, body.error, status));
}

/** The same from what an instance answers in place of events. */
export async function asErrorEvent(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  status: number,
): Promise<Uint8Array> {
  const text = await wholeText(pieces, WHOLE_ANSWER_BYTES);
  return encode(errorInStream(path, errorOf(text) ?? { message: text }, status));
}

/** The error in an answer of OpenAI's shape, as llama-server gives it. */
export function errorOf(text: string): ShownError | undefined {
  try {
    const { error } = JSON.parse(text);
    return typeof error?.message === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
