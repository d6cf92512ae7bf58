/** As much of DER, the encoding of certificates, as one of them takes. Pure. */

import { concat } from "uint8arrays/concat";

export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const UTF8_STRING = 0x0c;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

const text = new TextEncoder();

/** A value with its tag and its length. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat([...parts]);
  return concat([Uint8Array.of(tag, ...lengthOf(body.byteLength)), body]);
}

/** A tag of the structure's own. */
export function tagged(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return der(0xa0 + number, ...parts);
}

/** @param hex the identifier as its standard encodes it */
export function objectIdentifier(hex: string): Uint8Array {
  return der(OBJECT_IDENTIFIER, Uint8Array.fromHex(hex));
}

export function utf8(value: string): Uint8Array {
  return der(UTF8_STRING, text.encode(value));
}

/** To the second, as certificates have it. */
export function generalizedTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return der(GENERALIZED_TIME, text.encode(`${digits}Z`));
}

function lengthOf(bytes: number): readonly number[] {
  if (bytes < 0x80) return [bytes];
  return bytes < 0x100 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff];
}
