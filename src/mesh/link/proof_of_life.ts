import { concat } from "uint8arrays/concat";
import { raceSignal } from "../../base/race_signal.ts";
import { z } from "zod";
import { versionNumber } from "../base/names.ts";
import type { ByteStream } from "../base/byte_stream.ts";
import { byteStringOf, encodeCbor } from "../base/cbor.ts";
import { Deadline } from "../../base/deadline.ts";
import { LIFE_RATE } from "../base/rate_defaults.ts";
import { MAX_JOIN_MESSAGE_BYTES } from "../base/message_defaults.ts";
import { PROOF_OF_LIFE_MS } from "../base/defaults.ts";
import { publicKeyOf, type SigningKey, verifySignature } from "../base/keys.ts";
import { MessageStream } from "../base/messages.ts";
import type { PeerConnection } from "./network.ts";
import type { HandleOptions } from "../base/mesh.ts";
import type { PeerId } from "../base/peer_id.ts";

const LIFE_PROTOCOL = "/mesh-llm/life/1";

/** Made anew for each join, so that no proof can be shown twice. */
export const NONCE_BYTES = 16;

/** That a process which holds the node's key runs now, and when it was started. */
export interface ProofOfLife {
  /** The incarnation that the process began with. */
  readonly born: number;
  readonly signature: Uint8Array;
}

const DOMAIN = new TextEncoder().encode("mesh-llm/life/1\0");

export const nonceSchema = byteStringOf(NONCE_BYTES);
const questionSchema = z.object({ nonce: nonceSchema });
export const proofSchema: z.ZodType<ProofOfLife> = z.object({
  born: versionNumber,
  signature: byteStringOf(64),
});

export function proveLife(nonce: Uint8Array, born: number, key: SigningKey): ProofOfLife {
  return { born, signature: key.sign(signedBytes(nonce, born)) };
}

export function isProof(
  { born, signature }: ProofOfLife,
  { nonce, peer }: { readonly nonce: Uint8Array; readonly peer: PeerId },
): boolean {
  const publicKey = publicKeyOf(peer);
  return publicKey !== undefined &&
    verifySignature(publicKey, signedBytes(nonce, born), signature);
}

/** A place where a protocol is answered. */
interface Answering {
  handle(
    protocol: string,
    options: HandleOptions,
    handler: (stream: ByteStream) => Promise<void>,
  ): void;
}

/** Answers every node of the mesh. */
export function answerForLife(
  network: Answering,
  { key, born }: { readonly key: SigningKey; readonly born: number },
): void {
  const options = { maxStreams: 4, rate: LIFE_RATE };
  network.handle(LIFE_PROTOCOL, options, async (stream) => {
    const messages = new MessageStream(stream, MAX_JOIN_MESSAGE_BYTES);
    const { nonce } = await messages.expect(questionSchema, "question for a sign of life");
    await messages.write(proveLife(nonce, born, key));
    await stream.closeWrite();
  });
}

/** Asks the process at the other end of a connection; `undefined` where none answers in time. */
export async function askForLife(
  connection: PeerConnection,
  nonce: Uint8Array,
): Promise<ProofOfLife | undefined> {
  using deadline = Deadline.forStep(PROOF_OF_LIFE_MS, "A sign of life");
  try {
    const stream = await connection.openStream(LIFE_PROTOCOL, deadline.signal);
    const proof = await raceSignal(ask(stream, nonce), deadline.signal)
      .finally(() => stream.release());
    return isProof(proof, { nonce, peer: connection.peer }) ? proof : undefined;
  } catch {
    return undefined;
  }
}

async function ask(stream: ByteStream, nonce: Uint8Array): Promise<ProofOfLife> {
  const messages = new MessageStream(stream, MAX_JOIN_MESSAGE_BYTES);
  await messages.write({ nonce });
  await stream.closeWrite();
  return await messages.expect(proofSchema, "sign of life");
}

function signedBytes(nonce: Uint8Array, born: number): Uint8Array {
  return concat([DOMAIN, nonce, encodeCbor(born)]);
}
