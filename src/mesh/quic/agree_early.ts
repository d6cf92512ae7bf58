import { asError } from "../../base/as_error.ts";
import { Deadline } from "../../base/deadline.ts";
import { AGREEMENT_MS, NEGOTIATION_MS } from "./limits.ts";
import { proposalOf, readProposal } from "./multistream.ts";
import type { QuicStream } from "./stream.ts";

/**
 * Agrees to a protocol that is proposed in one piece with what follows, as an `OptimisticStream` does; libp2p,
 * which reads and writes line by line, then takes the stream as negotiated. Any other beginning is left to it.
 * @returns false where the stream was over before it began.
 */
export async function agreeEarly(
  stream: QuicStream,
  protocols: ReadonlySet<string>,
): Promise<boolean> {
  const bytes = await firstBytes(stream);
  if (bytes === null || stream.status !== "open") return false;
  const proposal = readProposal(bytes);
  if (proposal === undefined || !protocols.has(proposal.protocol)) {
    stream.unshift(bytes);
    return true;
  }
  stream.protocol = proposal.protocol;
  stream.unshift(bytes.subarray(proposal.length));
  // A peer that sent more than the proposal does not wait for the agreement: it may go with the answer.
  const agreement = proposalOf(proposal.protocol);
  if (bytes.length > proposal.length) stream.writeSoon(agreement, AGREEMENT_MS);
  else stream.write(agreement).catch(() => undefined); // its user meets the reason
  return true;
}

async function firstBytes(stream: QuicStream): Promise<Uint8Array | null> {
  using deadline = Deadline.forStep(NEGOTIATION_MS, "Proposing a protocol");
  const giveUp = () => stream.reset(asError(deadline.signal.reason));
  deadline.signal.addEventListener("abort", giveUp, { once: true });
  try {
    const bytes = await stream.read();
    if (bytes === null) stream.reset(new Error("The peer ended a stream that it had not begun"));
    return bytes;
  } catch {
    return null;
  } finally {
    deadline.signal.removeEventListener("abort", giveUp);
  }
}
