/** Messages between the two ends of a lane. */

import { z } from "zod";
import type { ByteStream } from "../base/byte_stream.ts";
import { byteString, byteStringOf, decodeCbor, encodeCbor } from "../base/cbor.ts";
import { MessageStream } from "../base/messages.ts";
import type { PeerId } from "../base/peer_id.ts";
import { MAX_LANE_MESSAGE_BYTES, SECRET_BYTES } from "./defaults.ts";

/** A member asks on the connection that has proven both: where it may connect by TCP, and by what. */
export const LANE_PROTOCOL = "/mesh-llm/lane/1";

/** Only such names: no authority certifies one, so that nothing but the certificate itself vouches for it. */
const laneName = z.string().max(64).regex(/^[0-9a-z]+\.invalid$/);

const offerSchema = z.object({
  port: z.int().min(1).max(65_535),
  name: laneName,
  certificate: byteString,
  secret: byteStringOf(SECRET_BYTES),
});

/** A TLS end, and the secret for one connection to it. */
export type LaneOffer = z.infer<typeof offerSchema>;

const answerSchema = z.object({ offer: offerSchema.nullable() });
const questionSchema = z.object({});

const greetingSchema = z.object({ secret: byteStringOf(SECRET_BYTES), peer: z.string().max(128) });

/** The stream stays open. @returns `null` where the peer has no lane */
export async function askForLane(stream: ByteStream): Promise<LaneOffer | null> {
  const messages = new MessageStream(stream, MAX_LANE_MESSAGE_BYTES);
  await messages.write({});
  return (await messages.expect(answerSchema, "offer of a lane")).offer;
}

export async function answerLane(stream: ByteStream, offer: () => LaneOffer | null): Promise<void> {
  const messages = new MessageStream(stream, MAX_LANE_MESSAGE_BYTES);
  await messages.expect(questionSchema, "question for a lane");
  await messages.write({ offer: offer() });
}

export function encodeGreeting(secret: Uint8Array, peer: PeerId): Uint8Array {
  return encodeCbor({ secret, peer });
}

/** @throws {BadMessageError} */
export function decodeGreeting(bytes: Uint8Array): z.infer<typeof greetingSchema> {
  return decodeCbor(bytes, greetingSchema, "greeting");
}
