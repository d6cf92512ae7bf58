import { BodyReader } from "../../base/body_reader.ts";
import { isEventStream } from "../../base/event_stream.ts";
import { joinBytes } from "../../base/join_bytes.ts";
import type { ReaderPace } from "../../base/reader_pace.ts";
import { MAX_BODY_FRAME_BYTES } from "../base/defaults.ts";
import { encodeHttpFrame } from "./http_frames.ts";
import { pairsOf } from "./http_headers.ts";
import type { PeerStream } from "../base/types.ts";

const END = encodeHttpFrame({ type: "end" });

// Each write is a way to the addon and back, and at the other end a read: what is small goes as one piece.

export interface ReplyOptions {
  /** Bytes of the body that were written. */
  readonly passed?: ((bytes: Uint8Array) => void) | undefined;
  /** Fires when nobody wants the reply any more. */
  readonly gone?: AbortSignal | undefined;
  /** Told when the stream takes the bytes. */
  readonly pace?: ReaderPace | undefined;
}

/** Writes a whole request. */
export async function writeQuestion(
  stream: PeerStream,
  opening: Uint8Array,
  body: Uint8Array,
): Promise<void> {
  if (body.length <= MAX_BODY_FRAME_BYTES) {
    return await stream.write(joinBytes([opening, ...bodyFrames(body), END]));
  }
  await stream.write(opening);
  for (const frame of bodyFrames(body)) await stream.write(frame);
  await stream.write(END);
}

/**
 * Writes a whole reply with its explicit end. Its head goes with the first piece of its body, but for events: while
 * the first of them is being made, their head is on its way to the caller. Cancels the response's body where the peer
 * stops reading, or is gone.
 * @throws the reason of `gone`, or what breaks the body or the stream off.
 */
export async function writeReply(
  stream: PeerStream,
  response: Response,
  { passed, gone, pace }: ReplyOptions = {},
): Promise<void> {
  const write = async (bytes: Uint8Array) => {
    pace?.handed();
    await stream.write(bytes);
    pace?.took();
  };
  const { status, headers, body } = response;
  let unsent = [encodeHttpFrame({ type: "reply", head: { status, headers: pairsOf(headers) } })];
  if (body !== null) {
    if (isEventStream({ headers })) await write(joinBytes(unsent.splice(0)));
    for await (const bytes of readWhileHere(body, gone)) {
      for (const frame of bodyFrames(bytes)) {
        await write(joinBytes([...unsent, frame]));
        unsent = [];
      }
      passed?.(bytes);
    }
  }
  await write(joinBytes([...unsent, END]));
}

/**
 * Cancels the body by hand where the signal fires: of the signal that a fetch was given, Deno 2.9.4 knows nothing
 * more, in one case of thirty, once the head has come and the garbage collector has been here.
 */
async function* readWhileHere(
  body: ReadableStream<Uint8Array>,
  gone: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = new BodyReader(body);
  const cancel = () => reader.cancel(gone?.reason);
  if (gone?.aborted) cancel();
  gone?.addEventListener("abort", cancel, { once: true });
  try {
    for (let piece = await reader.read(); piece !== null; piece = await reader.read()) yield piece;
    gone?.throwIfAborted();
  } finally {
    gone?.removeEventListener("abort", cancel);
    // The rest of the body is not wanted.
    cancel();
  }
}

function* bodyFrames(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_BODY_FRAME_BYTES) {
    yield encodeHttpFrame({ type: "body", bytes: bytes.subarray(at, at + MAX_BODY_FRAME_BYTES) });
  }
}
