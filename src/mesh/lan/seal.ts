import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { concat } from "uint8arrays/concat";
import { type Address, formatAddress, parseAddress } from "../base/addresses.ts";

/** AES-256-GCM's own. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A PeerId and an IPv4 address take under 120 bytes. */
const MAX_SEALED_BYTES = 180;

/** Half of a fingerprint's length as it is shown beside a model's name: it tells a few meshes apart. */
const SHORT_ID_HEX = 8;

/**
 * Seals of one mesh: only those who have its key (members, clients, holders of an invite) read who it is that announces
 * itself, and where. An address is inside of the seal, so that a copy of the datagram leads nowhere else.
 */
export class MeshSeal {
  /** Tells meshes of one name apart. It says nothing else: the mesh's id can't be worked out from it. */
  readonly shortId: string;
  readonly #key: Uint8Array;

  constructor(meshKey: Uint8Array) {
    this.#key = derived("seal", meshKey);
    this.shortId = derived("short id", meshKey).toHex().slice(0, SHORT_ID_HEX);
  }

  close(address: Address, nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))): string {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const text = cipher.update(formatAddress(address), "utf8");
    return concat([nonce, text, cipher.final(), cipher.getAuthTag()]).toBase64();
  }

  /** `undefined` where it is another mesh's, or was made by nobody who has the key. */
  open(sealed: string): Address | undefined {
    try {
      const bytes = Uint8Array.fromBase64(sealed);
      // Before a decipher is made: one that is given nonsense, and never ends, is never freed.
      const length = bytes.length - NONCE_BYTES - TAG_BYTES;
      if (length < 1 || bytes.length > MAX_SEALED_BYTES) return undefined;
      const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return parseAddress(new TextDecoder().decode(concat([text, decipher.final()])));
    } catch {
      return undefined;
    }
  }
}

function derived(purpose: string, meshKey: Uint8Array): Uint8Array {
  return new Uint8Array(
    createHash("sha256").update(`mesh-llm lan ${purpose}\0`).update(meshKey).digest(),
  );
}
