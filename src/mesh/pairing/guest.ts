import { equals } from "uint8arrays/equals";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { peerIdOf, SigningKey } from "../base/keys.ts";
import type { LanMesh } from "../base/lan.ts";
import type { PeerId } from "../base/peer_id.ts";
import { MeshSeal } from "../lan/seal.ts";
import { startLibp2p } from "../link/libp2p.ts";
import type { NetworkStream, PeerConnection } from "../link/network.ts";
import { parseToken } from "../trust/token.ts";
import { codeOf, commitmentOf, meshMark, PAIRING_NONCE_BYTES, shownCode } from "./code.ts";
import { PAIRING_DIAL_MS, PAIRING_LIFE_MS, PAIRING_STEP_MS } from "./defaults.ts";
import {
  askSchema,
  commitmentSchema,
  PAIR_PROTOCOL,
  type PairingEnd,
  revealSchema,
  verdictSchema,
} from "./messages.ts";
import { Partner } from "./partner.ts";

/** The other end ends it, or is none that could let this machine in. */
export class PairingOverError extends Error {
  override name = "PairingOverError";

  constructor(readonly why: PairingEnd | "untrue", message: string) {
    super(message);
  }
}

export interface GuestParts {
  /** Of this machine. */
  readonly name: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** As people read it. */
  readonly showCode: (code: string) => void;
}

/** Whose word is the last one: another machine of the mesh would say the same. */
const FINAL: readonly PairingOverError["why"][] = ["refused", "wrong-code", "too-late"];

/**
 * Asks the machines of a mesh, one after the other, to let this one in. The connection is one of its own, by a key that
 * nobody has seen before and nobody sees again. Resolves with an invite.
 * @throws {PairingOverError} with a sentence, or the signal's reason.
 */
export async function askMesh(mesh: LanMesh, parts: GuestParts): Promise<string> {
  const key = SigningKey.generate();
  const network = await startLibp2p(key);
  let problem = unreachable(mesh);
  try {
    for (const address of mesh.addresses) {
      try {
        const connection = await dial(network, address, parts);
        return await askOn(connection, mesh, { ...parts, self: peerIdOf(key.publicKey) });
      } catch (error) {
        parts.signal.throwIfAborted();
        if (!(error instanceof PairingOverError)) continue;
        problem = error;
        if (FINAL.includes(error.why)) break;
      }
    }
    throw problem;
  } finally {
    await network.stop();
  }
}

async function dial(
  network: Awaited<ReturnType<typeof startLibp2p>>,
  address: string,
  { clock, signal }: GuestParts,
): Promise<PeerConnection> {
  using deadline = Deadline.forStep(PAIRING_DIAL_MS, "The dial", signal, clock);
  const at = address.lastIndexOf(":");
  const place = `/ip4/${address.slice(0, at)}/udp/${address.slice(at + 1)}/quic-v1`;
  return await network.dialAddress(place, deadline.signal);
}

async function askOn(
  connection: PeerConnection,
  mesh: LanMesh,
  parts: GuestParts & { readonly self: PeerId },
): Promise<string> {
  using opening = Deadline.forStep(PAIRING_STEP_MS, "The stream", parts.signal, parts.clock);
  const stream = await connection.openStream(PAIR_PROTOCOL, opening.signal);
  const token = await askFor(stream, connection.peer, parts);
  const { meshKey } = readToken(token.text, parts.clock.now(), mesh);
  const isIt = equals(meshMark(meshKey), token.mark) &&
    new MeshSeal(meshKey).shortId === mesh.shortId;
  if (!isIt) throw untrue(mesh);
  return token.text;
}

/** The newcomer's end of the protocol. */
export async function askFor(
  stream: NetworkStream,
  member: PeerId,
  { self, name, clock, signal, showCode }: GuestParts & { readonly self: PeerId },
): Promise<{ readonly text: string; readonly mark: Uint8Array }> {
  const partner = new Partner(stream, clock, signal);
  await partner.say(askSchema.parse({ name }));
  const first = await partner.expect(commitmentSchema, "commitment");
  if (!first.ok) throw over(first.why);
  const nonce = crypto.getRandomValues(new Uint8Array(PAIRING_NONCE_BYTES));
  await partner.say({ nonce });
  const { nonce: theirs, mark } = await partner.expect(revealSchema, "other nonce");
  const ends = { mark, member, newcomer: self };
  if (!equals(commitmentOf(ends, theirs), first.commitment)) {
    throw new PairingOverError("untrue", "The other machine changed its word: ask again");
  }
  showCode(shownCode(codeOf(ends, { member: theirs, newcomer: nonce })));
  using waiting = new Deadline(PAIRING_LIFE_MS + PAIRING_STEP_MS, () => over("too-late"), signal);
  const verdict = await partner.expectSlowly(verdictSchema, "answer of a person", waiting.signal);
  await partner.end();
  if (!verdict.ok) throw over(verdict.why);
  return { text: verdict.token, mark };
}

function readToken(text: string, nowMs: number, mesh: LanMesh) {
  try {
    return parseToken(text, nowMs);
  } catch {
    throw untrue(mesh);
  }
}

const SENTENCES: Readonly<Record<PairingEnd, string>> = {
  "busy": "Another machine is being let in just now: try again in a moment",
  "wait":
    "That mesh lets machines in again in a few minutes: this one asked too often, or was refused",
  "may-not-invite":
    "None of the machines that are here may add others: ask where the mesh was founded",
  "refused": "It was refused there",
  "wrong-code": "The code was wrong three times: ask again in a while, and type the new one",
  "too-late": "Nobody typed the code in time: ask again",
};

function over(why: PairingEnd): PairingOverError {
  return new PairingOverError(why, SENTENCES[why]);
}

function unreachable({ name }: LanMesh): PairingOverError {
  return new PairingOverError("untrue", `No machine of ${name}'s mesh answers`);
}

function untrue({ name }: LanMesh): PairingOverError {
  return new PairingOverError("untrue", `What came is no invite of ${name}'s mesh: ask again`);
}
