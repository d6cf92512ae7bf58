/**
 * The messages of `/mesh-llm/pair/1`, in their order: docs/protocols.md. Nobody's words but a name are shown: what goes
 * wrong is one word, and whoever reads it has the sentence.
 */

import { z } from "zod";
import { byteStringOf } from "../base/cbor.ts";
import { wordOf } from "../base/tolerant.ts";
import { PAIRING_NONCE_BYTES } from "./code.ts";

export const PAIR_PROTOCOL = "/mesh-llm/pair/1";

/** Of a person, of their machine, or of the time. */
export const PAIRING_ENDS = [
  "busy",
  "wait",
  "may-not-invite",
  "refused",
  "wrong-code",
  "too-late",
] as const;

export type PairingEnd = typeof PAIRING_ENDS[number];

const bytes32 = byteStringOf(PAIRING_NONCE_BYTES);
/** Cleaned where it is shown; an unknown word of a later version ends it as well. */
const name = z.string().max(256);
const end = z.object({ ok: z.literal(false), why: wordOf(PAIRING_ENDS, "refused") });

/** 1. The newcomer says its name. */
export const askSchema = z.object({ name });

/** 2. The member is bound to its nonce, and says its mesh's name. */
export const commitmentSchema = z.union([
  z.object({ ok: z.literal(true), commitment: bytes32, mesh: name }),
  end,
]);

/** 3. The newcomer's nonce. */
export const nonceSchema = z.object({ nonce: bytes32 });

/** 4. The member's nonce, and the mark of its mesh. */
export const revealSchema = z.object({ nonce: bytes32, mark: bytes32 });

/** 5. A person has typed the code, or it is over. */
export const verdictSchema = z.union([
  z.object({ ok: z.literal(true), token: z.string() }),
  end,
]);
