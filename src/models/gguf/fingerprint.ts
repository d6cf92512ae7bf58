import { createHash } from "node:crypto";

/** The data that tell two models of one name apart: the headers of all shards in order, and the size of all. */
export interface FingerprintSource {
  readonly headers: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/** SHA-256 as hex. It does not cover the weights: reading those would take minutes. */
export function fingerprint({ headers, sizeBytes }: FingerprintSource): string {
  const hash = createHash("sha256");
  for (const header of headers) hash.update(header);
  const size = new DataView(new ArrayBuffer(8));
  size.setBigUint64(0, BigInt(sizeBytes), true);
  return hash.update(new Uint8Array(size.buffer)).digest("hex");
}
