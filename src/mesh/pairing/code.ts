/**
 * The code that a machine shows and a person types: six digits that both ends work out from what was said between them.
 * The member is bound to its nonce before it knows the other's, so that a man in the middle, who has a nonce to choose on
 * either side, chooses blindly: both codes are equal once in a million times. Pure.
 */

import { createHash } from "node:crypto";
import type { PeerId } from "../base/peer_id.ts";

export const PAIRING_NONCE_BYTES = 32;

const CODES = 1_000_000n;

/** The two ends, as TLS has proven them, and the mesh. */
export interface Ends {
  /** `meshMark` of the member's mesh. */
  readonly mark: Uint8Array;
  readonly member: PeerId;
  readonly newcomer: PeerId;
}

/** Stands for a mesh before a stranger may know its key, by which members read who else is on the network. */
export function meshMark(meshKey: Uint8Array): Uint8Array {
  return hash("mesh-llm pair mesh 1", meshKey);
}

/** The member's word that its nonce is the one it reveals later. */
export function commitmentOf({ mark, member, newcomer }: Ends, nonce: Uint8Array): Uint8Array {
  return hash("mesh-llm pair commit 1", mark, bytesOf(member), bytesOf(newcomer), nonce);
}

/** Six digits. */
export function codeOf(
  { mark, member, newcomer }: Ends,
  nonces: { readonly member: Uint8Array; readonly newcomer: Uint8Array },
): string {
  const ends = [mark, bytesOf(member), bytesOf(newcomer)];
  const digest = hash("mesh-llm pair code 1", ...ends, nonces.member, nonces.newcomer);
  const number = new DataView(digest.buffer).getBigUint64(0) % CODES;
  return String(number).padStart(6, "0");
}

/** As people read it. */
export function shownCode(code: string): string {
  return `${code.slice(0, 3)}-${code.slice(3)}`;
}

/** As it was typed, with or without what stands between the halves; `undefined` where it is none. */
export function typedCode(text: string): string | undefined {
  const [, first, second] = /^\s*(\d{3})[\s-]?(\d{3})\s*$/.exec(text) ?? [];
  return first === undefined ? undefined : `${first}${second}`;
}

/** Each part with its length: no two lists of parts are the same bytes. */
function hash(purpose: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const sum = createHash("sha256");
  for (const part of [bytesOf(purpose), ...parts]) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, part.byteLength);
    sum.update(length).update(part);
  }
  return new Uint8Array(sum.digest());
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
