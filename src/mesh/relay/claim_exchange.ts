import { z } from "zod";
import { Deadline } from "../../base/deadline.ts";
import { printable } from "../../base/printable.ts";
import { raceSignal } from "../../base/race_signal.ts";
import type { ByteStream } from "../base/byte_stream.ts";
import { byteStringOf } from "../base/cbor.ts";
import { CLAIM_TIMEOUT_MS } from "../base/defaults.ts";
import { RefusedError } from "../base/errors.ts";
import { SigningKey } from "../base/keys.ts";
import { MAX_CLAIM_MESSAGE_BYTES } from "../base/message_defaults.ts";
import { MessageStream } from "../base/messages.ts";
import { startLibp2p } from "../link/libp2p.ts";
import { type Claim, CLAIM_SECRET_BYTES } from "./claim.ts";

/** Open to everybody, before any join: only a secret that the relay has printed counts. */
export const CLAIM_PROTOCOL = "/mesh-llm/claim/1";

const questionSchema = z.object({
  secret: byteStringOf(CLAIM_SECRET_BYTES),
  /** An invite for a relay. */
  token: z.string().max(MAX_CLAIM_MESSAGE_BYTES),
});
export type ClaimQuestion = z.infer<typeof questionSchema>;

const answerSchema = z.object({ ok: z.boolean(), reason: z.string().max(512).default("") });

/** @param use says why a claim is refused, or nothing */
export async function answerClaim(
  stream: ByteStream,
  use: (question: ClaimQuestion) => Promise<string | undefined>,
): Promise<void> {
  const messages = new MessageStream(stream, MAX_CLAIM_MESSAGE_BYTES);
  const reason = await use(await messages.expect(questionSchema, "claim"));
  await messages.write(reason === undefined ? { ok: true } : { ok: false, reason });
  await stream.closeWrite();
  await stream.read();
}

/**
 * Shows a claim to the relay that has printed it, with an invite. The connection is one of its own, under a key that is
 * forgotten: the relay can't be joined with yet.
 * @throws {RefusedError} in the relay's words. @throws {UnreachableError} or the signal's reason.
 */
export async function presentClaim(
  { peer, addresses, secret }: Claim,
  token: string,
  signal?: AbortSignal,
): Promise<void> {
  const network = await startLibp2p(SigningKey.generate());
  try {
    using deadline = Deadline.forStep(CLAIM_TIMEOUT_MS, `Claiming the relay ${peer}`, signal);
    const connection = await network.dial({ peer, addresses, signal: deadline.signal });
    const stream = await connection.openStream(CLAIM_PROTOCOL, deadline.signal);
    const messages = new MessageStream(stream, MAX_CLAIM_MESSAGE_BYTES);
    const ask = async () => {
      await messages.write({ secret, token });
      await stream.closeWrite();
      return await messages.expect(answerSchema, "answer to a claim");
    };
    const { ok, reason } = await raceSignal(ask(), deadline.signal);
    if (!ok) throw new RefusedError(`The relay refuses: ${printable(reason)}`);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await network.stop();
  }
}
