import { equals } from "uint8arrays/equals";
import { z } from "zod";
import { type Address, formatAddress, groupByPeer, parseAddress } from "../base/addresses.ts";
import {
  type Chain,
  chainSchema,
  chainToWire,
  extendChain,
  type Grant,
  MAX_CHAIN_LENGTH,
  verifyChain,
} from "./capability.ts";
import { byteStringOf, decodeCbor, encodeCbor } from "../base/cbor.ts";
import { type CopiedKind, encodeCopied, openCopied } from "./copied_text.ts";
import type { Credential, Invite } from "./credential.ts";
import { MAX_TOKEN_ADDRESSES, MAX_TOKEN_PEERS } from "../base/message_defaults.ts";
import { InvalidTokenError, NotAllowedError } from "../base/errors.ts";
import { peerIdOf, publicKeyOf, SigningKey } from "../base/keys.ts";

/** Real tokens have 500 to 3,000 characters. */
const TOKEN: CopiedKind = { prefix: "mesh1_", name: "invite token", maxChars: 16_384 };
const VERSION = 1;

const bytes32 = byteStringOf(32);
const peerSchema = z.tuple([
  bytes32,
  z.array(z.tuple([z.string().max(45), z.number().int().min(1).max(65_535)])).max(16),
]);
const tokenSchema = z.tuple([
  z.literal(VERSION),
  bytes32,
  z.array(peerSchema).max(16),
  chainSchema,
  bytes32,
]);

/** An invite before it is a token: it names no addresses yet. */
export interface NewInvite {
  readonly chain: Chain;
  readonly key: SigningKey;
  /** Of its certificate: what a revocation names. */
  readonly id: string;
}

export interface InviteMakerOptions {
  readonly credential: Credential;
  /** The inviting node's own key. */
  readonly signer: SigningKey;
  readonly grant: Grant;
  readonly now: number;
}

/** Whether the holder may invite at all: it has the right, and its chain has room for one more generation. */
export function canInvite({ chain, grant }: Credential): boolean {
  return grant.mayInvite && chain.length + 2 <= MAX_CHAIN_LENGTH;
}

/** @throws {NotAllowedError} where the inviter's grant does not cover the invite's. */
export function makeInvite({ credential, signer, grant, now }: InviteMakerOptions): NewInvite {
  const { meshKey } = credential;
  const limit = credential.grant.expiresAt;
  if (!credential.grant.mayInvite) throw new NotAllowedError("This node may not invite others");
  if (!canInvite(credential)) {
    throw new NotAllowedError(
      "This node cannot invite others: its own invite is too many generations from the mesh's founder",
    );
  }
  if (limit !== null && (grant.expiresAt === null || grant.expiresAt > limit)) {
    const until = new Date(limit).toISOString();
    throw new NotAllowedError(
      `This node cannot give such an invite: its own membership ends at ${until}, before the invite`,
    );
  }
  const key = SigningKey.generate();
  const chain = extendChain(credential.chain, {
    meshKey,
    signer,
    subject: key.publicKey,
    kind: "invite",
    grant,
  });
  const verdict = verifyChain(chain, { meshKey, now });
  if (!verdict.ok) {
    throw new NotAllowedError(`This node cannot give such an invite: ${verdict.reason}`);
  }
  return { chain, key, id: verdict.last.id };
}

/** @throws {InvalidTokenError} with a sentence for the one who pasted it. */
export function parseToken(text: string, now: number): Invite {
  const invite = readPayload(openCopied(TOKEN, text));
  const verdict = verifyChain(invite.chain, { meshKey: invite.meshKey, now });
  if (!verdict.ok) throw new InvalidTokenError(`The invite token is not valid: ${verdict.reason}`);
  if (verdict.last.kind !== "invite" || !equals(verdict.last.subject, invite.key.publicKey)) {
    throw new InvalidTokenError(
      "The invite token is not valid: its key is not the one it certifies",
    );
  }
  return { ...invite, grant: verdict.last.grant };
}

/** The text that people copy. */
export function encodeToken({ meshKey, addresses, chain, key }: Omit<Invite, "grant">): string {
  return encodeCopied(
    TOKEN,
    encodeCbor([VERSION, meshKey, peersToWire(addresses), chainToWire(chain), key.seed]),
  );
}

function readPayload(payload: Uint8Array): Omit<Invite, "grant"> {
  try {
    const [, meshKey, peers, chain, seed] = decodeCbor(payload, tokenSchema, "invite token");
    return { meshKey, addresses: peersFromWire(peers), chain, key: SigningKey.fromSeed(seed) };
  } catch (cause) {
    throw new InvalidTokenError(
      "The invite token is malformed, or made by another version of this program",
      { cause },
    );
  }
}

/** Each peer's key once, with its places: a third of the addresses as text. */
function peersToWire(addresses: readonly string[]): unknown {
  const groups = [...groupByPeer(addresses)].slice(0, MAX_TOKEN_PEERS);
  return groups.map(([peer, texts]) => [
    publicKeyOf(peer),
    texts.slice(0, MAX_TOKEN_ADDRESSES).map(parseAddress)
      .filter((address): address is Address => address !== undefined)
      .map(({ ip, port }) => [ip, port]),
  ]);
}

function peersFromWire(peers: readonly z.infer<typeof peerSchema>[]): string[] {
  return peers
    .flatMap(([key, places]) =>
      places.map(([ip, port]) => formatAddress({ ip, port, peer: peerIdOf(key) }))
    )
    .filter((text) => parseAddress(text) !== undefined);
}
