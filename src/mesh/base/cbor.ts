import { decode, encode } from "cborg";
import { z } from "zod";

/** Bytes from a peer or a token that are not what they should be. */
export class BadMessageError extends Error {
  override name = "BadMessageError";
}

/** Schemas of byte strings; the second of an exact length. */
export const byteString: z.ZodType<Uint8Array> = z.instanceof(Uint8Array);
export function byteStringOf(length: number): z.ZodType<Uint8Array> {
  return byteString.refine((bytes) => bytes.byteLength === length, `it is not of ${length} bytes`);
}

export function encodeCbor(value: unknown): Uint8Array {
  return encode(value);
}

/** @throws {BadMessageError} naming the first thing that is wrong. */
export function decodeCbor<T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): T {
  const result = schema.safeParse(decodeAny(bytes, what));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.join(".") || "its top level";
  throw new BadMessageError(`The ${what} is malformed at ${where}: ${issue?.message}`);
}

function decodeAny(bytes: Uint8Array, what: string): unknown {
  try {
    return decode(bytes, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true });
  } catch (cause) {
    throw new BadMessageError(`The ${what} is not valid CBOR`, { cause });
  }
}
