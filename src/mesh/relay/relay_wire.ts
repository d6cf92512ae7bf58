/** The messages before the first datagram, on `RELAY_PROTOCOL`. */

import { z } from "zod";
import type { ByteStream } from "../base/byte_stream.ts";
import {
  MAX_ADDRESS_LENGTH,
  MAX_ADDRESSES,
  MAX_RELAY_MESSAGE_BYTES,
} from "../base/message_defaults.ts";
import { MessageStream } from "../base/messages.ts";
import { peerIdText } from "../base/names.ts";

/** A stream to whoever carries, and one from there to the other end: docs/protocols.md. */
export const RELAY_PROTOCOL = "/mesh-llm/relay/1";

/** `to`: for the node that is to carry. `from`: for the other end, which dials no client. `here`: a relay tells where it is dialled. */
export const openingSchema = z.union([
  z.object({ to: peerIdText }),
  z.object({ from: peerIdText, client: z.boolean().default(false) }),
  z.object({ here: z.array(z.string().max(MAX_ADDRESS_LENGTH)).max(MAX_ADDRESSES) }),
]);

export const answerSchema = z.object({ ok: z.boolean(), reason: z.string().max(256).default("") });

export function relayMessages(stream: ByteStream): MessageStream {
  return new MessageStream(stream, MAX_RELAY_MESSAGE_BYTES);
}
