/** Texts that people copy, invites and claims: a prefix, and bytes with a checksum in base64. Pure. */

import { concat } from "uint8arrays/concat";
import { equals } from "uint8arrays/equals";
import { InvalidTokenError } from "../base/errors.ts";
import { sha256 } from "../base/keys.ts";

const CHECKSUM_BYTES = 4;

export interface CopiedKind {
  readonly prefix: string;
  /** For people: "invite token". */
  readonly name: string;
  /** Bounds the work on what somebody pastes. */
  readonly maxChars: number;
}

export function encodeCopied({ prefix }: CopiedKind, payload: Uint8Array): string {
  const checked = concat([payload, checksum(payload)]);
  return prefix + checked.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** @throws {InvalidTokenError} with a sentence for the one who pasted it. */
export function openCopied({ prefix, name, maxChars }: CopiedKind, pasted: string): Uint8Array {
  const text = bare(pasted);
  if (!text.startsWith(prefix)) {
    throw new InvalidTokenError(`This is not ${an(name)}: one starts with ${prefix}`);
  }
  if (text.length > maxChars) throw new InvalidTokenError(`The ${name} is too long`);
  const bytes = fromBase64Url(text.slice(prefix.length));
  const payload = bytes?.subarray(0, -CHECKSUM_BYTES);
  const sum = bytes?.subarray(-CHECKSUM_BYTES);
  if (payload === undefined || sum === undefined || !equals(checksum(payload), sum)) {
    throw new InvalidTokenError(`The ${name} is cut or altered: copy it again in full`);
  }
  return payload;
}

/** Without what comes along when people copy: quotes, brackets, a full stop, and breaks of lines that a mail made. */
function bare(text: string): string {
  return text.replace(/[\s\p{Cf}]/gu, "").replace(/^[^\w-]+|[^\w-]+$/g, "");
}

function an(name: string): string {
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function checksum(payload: Uint8Array): Uint8Array {
  return sha256(payload).subarray(0, CHECKSUM_BYTES);
}

function fromBase64Url(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}
