import { concat } from "uint8arrays/concat";

/** The bytes of all parts in a row. One part alone is handed on as it is, without a copy. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : concat([...parts]);
}
