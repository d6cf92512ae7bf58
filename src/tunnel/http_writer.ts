import { MAX_BODY_FRAME_BYTES } from "./defaults.ts";
import { encodeHttpFrame } from "./http_frames.ts";
import type { PeerStream } from "./types.ts";

/** Writes a body's bytes in frames, no faster than the peer takes them. */
export async function writeBody(stream: PeerStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += MAX_BODY_FRAME_BYTES) {
    const part = bytes.subarray(at, at + MAX_BODY_FRAME_BYTES);
    await stream.write(encodeHttpFrame({ type: "body", bytes: part }));
  }
}

/** Writes a whole reply with its explicit end. Cancels the response's body where the peer stops reading. */
export async function writeReply(
  stream: PeerStream,
  response: Response,
  passed?: (bytes: Uint8Array) => void,
): Promise<void> {
  const { status, headers, body } = response;
  await stream.write(encodeHttpFrame({ type: "reply", head: { status, headers: [...headers] } }));
  if (body !== null) {
    for await (const bytes of body) {
      await writeBody(stream, bytes);
      passed?.(bytes);
    }
  }
  await stream.write(encodeHttpFrame({ type: "end" }));
}
