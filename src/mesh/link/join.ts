import { equals } from "uint8arrays/equals";
import { z } from "zod";
import { printable } from "../../base/printable.ts";
import { versionNumber, versionText } from "../base/names.ts";
import type { ByteStream } from "../base/byte_stream.ts";
import { byteString, byteStringOf } from "../base/cbor.ts";
import { chainSchema, chainToWire, type Link } from "../trust/capability.ts";
import { checkCredential, type Credential } from "../trust/credential.ts";
import { MAX_JOIN_MESSAGE_BYTES, MAX_REVOCATION_BYTES } from "../base/message_defaults.ts";
import { JoinRefusedError, type RefusedError } from "../base/errors.ts";
import { meshIdOf, publicKeyOf } from "../base/keys.ts";
import type { JoinedPeer } from "./joined_peer.ts";
import { MessageStream } from "../base/messages.ts";
import {
  isProof,
  NONCE_BYTES,
  nonceSchema,
  type ProofOfLife,
  proofSchema,
} from "./proof_of_life.ts";
import { wordOf } from "../base/tolerant.ts";
import { mayBe, MEMBER_ROLES, type MemberRole } from "../base/roles.ts";
import type { PeerId } from "../base/peer_id.ts";

export const JOIN_PROTOCOL = "/mesh-llm/join/1";

/** A node's proof of itself on a new connection. */
export interface JoinSelf {
  readonly id: PeerId;
  readonly credential: Credential;
  /** The role that it runs as: never more than its grant. */
  readonly role: MemberRole;
  readonly version: string;
  /** It does not gossip now, and may do so later if it is a member. */
  passive(): boolean;
  incarnation(): number;
  /** The incarnation that this process began with: tells it from a copy of itself. */
  readonly born: number;
  now(): number;
  /** The signed word that makes a chain worthless, if there is one. */
  revocationOf(links: readonly Link[]): Uint8Array | undefined;
  /** A refusal came with such a word: it is checked like any other. */
  learn(revocation: Uint8Array): void;
  /** An older process with this node's key runs elsewhere, and has proven it. */
  outlived(): void;
}

/** Whether another process of the same node stands in the way; answers with the refusal. */
export type Contest = (
  peer: JoinedPeer,
  nonce: Uint8Array,
) => Promise<{ readonly alive: ProofOfLife } | undefined>;

const helloSchema = z.object({
  mesh: byteStringOf(32),
  chain: chainSchema,
  // A node that joins in another role has the least rights.
  role: wordOf(MEMBER_ROLES, "client"),
  passive: z.boolean(),
  version: versionText,
  incarnation: versionNumber,
  born: versionNumber,
  nonce: nonceSchema,
});

type Hello = z.infer<typeof helloSchema>;

const reason = z.string().max(512);
const revocation = byteString.refine((bytes) => bytes.byteLength <= MAX_REVOCATION_BYTES);
const refusalSchema = z.object({
  ok: z.literal(false),
  reason,
  revocation: revocation.optional(),
  alive: proofSchema.optional(),
});

type Refusal = z.infer<typeof refusalSchema>;
const replySchema = z.union([z.object({ ok: z.literal(true), hello: helloSchema }), refusalSchema]);
const verdictSchema = z.union([z.object({ ok: z.literal(true) }), refusalSchema]);

type Judgement =
  | { readonly ok: true; readonly peer: JoinedPeer }
  | Refusal;

/**
 * The dialling side: shows itself, and looks at what the other shows.
 * @throws {RefusedError} with the reason of the side that refuses.
 */
export async function proposeJoin(
  stream: ByteStream,
  peer: PeerId,
  self: JoinSelf,
  contest: Contest,
): Promise<JoinedPeer> {
  const messages = new MessageStream(stream, MAX_JOIN_MESSAGE_BYTES);
  const nonce = newNonce();
  await messages.write(helloOf(self, nonce));
  const reply = await messages.expect(replySchema, "answer to a join");
  if (!reply.ok) throw refusedBy(peer, reply, { self, nonce });
  const judgement = await settle(judgeHello(reply.hello, peer, self), reply.hello, contest);
  await messages.write(judgement.ok ? { ok: true } : judgement);
  await stream.closeWrite();
  if (!judgement.ok) throw new JoinRefusedError(`Refused ${peer}: ${judgement.reason}`);
  return judgement.peer;
}

/**
 * The listening side. `admit` is called before the peer is told, for what it sends next comes at once.
 * @throws {RefusedError} with the reason of the side that refuses.
 */
export async function answerJoin(
  stream: ByteStream,
  peer: PeerId,
  self: JoinSelf,
  { contest, admit }: { readonly contest: Contest; admit(joined: JoinedPeer): void },
): Promise<void> {
  const messages = new MessageStream(stream, MAX_JOIN_MESSAGE_BYTES);
  const hello = await messages.expect(helloSchema, "join");
  const judgement = await settle(judgeHello(hello, peer, self), hello, contest);
  if (judgement.ok) admit(judgement.peer);
  const nonce = newNonce();
  await messages.write(judgement.ok ? { ok: true, hello: helloOf(self, nonce) } : judgement);
  await stream.closeWrite();
  if (!judgement.ok) {
    // The connection is closed next, and what is still on its way would be lost with it.
    await stream.read().catch(() => null);
    throw new JoinRefusedError(`Refused ${peer}: ${judgement.reason}`);
  }
  const verdict = await messages.expect(verdictSchema, "end of a join");
  if (!verdict.ok) throw refusedBy(peer, verdict, { self, nonce });
}

/** Whether a hello proves that the peer, whose key TLS has proven, belongs to our mesh. */
export function judgeHello(hello: Hello, peer: PeerId, self: JoinSelf): Judgement {
  const { meshKey } = self.credential;
  if (!equals(hello.mesh, meshKey)) {
    return refuse(`it belongs to mesh ${meshIdOf(hello.mesh)}, not to ${meshIdOf(meshKey)}`);
  }
  const publicKey = publicKeyOf(peer);
  if (publicKey === undefined) return refuse("its PeerId holds no Ed25519 key");
  const verdict = checkCredential(hello.chain, { meshKey, publicKey, now: self.now() });
  if (!verdict.ok) return refuse(`its credential is not valid, ${verdict.reason}`);
  if (!mayBe(verdict.grant.role, hello.role)) {
    return refuse(`it was invited as a ${verdict.grant.role} and comes as a ${hello.role}`);
  }
  const { links, grant: { expiresAt } } = verdict;
  const revocation = self.revocationOf(links);
  if (revocation !== undefined) return { ...refuse("its invite was revoked"), revocation };
  const { role, version, incarnation, born } = hello;
  const passive = hello.passive || role !== "member";
  return {
    ok: true,
    peer: { id: peer, role, passive, version, incarnation, born, expiresAt, links },
  };
}

/** Of two live copies of one node the older stays. */
async function settle(judgement: Judgement, hello: Hello, contest: Contest): Promise<Judgement> {
  const rival = judgement.ok ? await contest(judgement.peer, hello.nonce) : undefined;
  if (rival === undefined) return judgement;
  return { ...refuse("an older copy of it is running"), alive: rival.alive };
}

/** A peer that refuses may show why, so that this node believes it. */
function refusedBy(
  peer: PeerId,
  { reason, revocation, alive }: Refusal,
  { self, nonce }: { readonly self: JoinSelf; readonly nonce: Uint8Array },
): RefusedError {
  if (revocation !== undefined) self.learn(revocation);
  const isOlder = alive !== undefined && alive.born < self.born;
  if (isOlder && isProof(alive, { nonce, peer: self.id })) self.outlived();
  return new JoinRefusedError(`${peer} refuses this node: ${printable(reason)}`);
}

function helloOf(self: JoinSelf, nonce: Uint8Array): unknown {
  const { credential: { meshKey: mesh, chain }, role, version, born } = self;
  const incarnation = self.incarnation();
  const passive = self.passive();
  return { mesh, chain: chainToWire(chain), role, passive, version, incarnation, born, nonce };
}

function newNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

function refuse(reason: string): Refusal {
  return { ok: false, reason };
}
