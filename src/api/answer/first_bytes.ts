import { isEventStream } from "../../base/event_stream.ts";
import { joinBytes } from "../../base/join_bytes.ts";
import type { Answer } from "./answer.ts";
import type { SentAnswer } from "./continuation/sent_answer.ts";
import { WHOLE_ANSWER_BYTES } from "../base/defaults.ts";
import { type Pieces } from "./event_reader.ts";
import { isJson } from "../routing/routing.ts";

/**
 * Reads so much of an answer that what follows can be passed on: while nothing was, another instance may
 * be asked in its place. Of events that is the first one which says something, of JSON the whole.
 */
export async function firstBytes(
  answer: Answer,
  pieces: Pieces,
  sent: SentAnswer | null,
): Promise<Uint8Array | null> {
  let size = 0;
  const isLarge = (piece: Uint8Array) => (size += piece.length) > WHOLE_ANSWER_BYTES;
  if (sent !== null && isEventStream(answer.response)) {
    return await gather(pieces, (piece) => {
      sent.observe(piece);
      return sent.hasBegun || isLarge(piece);
    });
  }
  if (!isJson(answer.response.headers.get("content-type"))) return await pieces.next();
  return await gather(pieces, isLarge);
}

/** Up to the piece that is enough, or the end. */
async function gather(
  pieces: Pieces,
  isEnough: (piece: Uint8Array) => boolean,
): Promise<Uint8Array | null> {
  const gathered: Uint8Array[] = [];
  for (let piece = await pieces.next(); piece !== null; piece = await pieces.next()) {
    gathered.push(piece);
    if (isEnough(piece)) break;
  }
  return gathered.length === 0 ? null : joinBytes(gathered);
}
