/** Ed25519 by WebCrypto: the secret half comes from the environment, the public one stands in the source. */

import { ReleaseError } from "./release_error.ts";

/** PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` and make_key.ts write it. A secret of the repository. */
export const KEY_VARIABLE = "MESH_LLM_RELEASE_KEY";

/** Of the 44 bytes of an Ed25519 key in SubjectPublicKeyInfo the key itself is the end. */
const RAW_BYTES = 32;

export interface SigningKey {
  /** The public half, as `RELEASE_KEY` has it. */
  readonly publicKey: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** @throws {ReleaseError} */
export async function readSigningKey(pem: string | undefined): Promise<SigningKey> {
  if (!pem) throw new ReleaseError(`There is no ${KEY_VARIABLE} to sign the release with`);
  try {
    const body = pem.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
    const secret = await importSecret(Uint8Array.fromBase64(body));
    const publicKey = await publicHalf(secret);
    return {
      publicKey,
      sign: async (bytes) =>
        new Uint8Array(await crypto.subtle.sign("Ed25519", secret, Uint8Array.from(bytes))),
    };
  } catch (cause) {
    // The reason is not told: it might hold the secret, and would end in a log.
    throw new ReleaseError(`${KEY_VARIABLE} holds no Ed25519 key in PKCS#8 and PEM`, { cause });
  }
}

async function importSecret(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return await crypto.subtle.importKey("pkcs8", bytes, "Ed25519", true, ["sign"]);
}

async function publicHalf(secret: CryptoKey): Promise<string> {
  const { x } = await crypto.subtle.exportKey("jwk", secret);
  return x!.replaceAll("-", "+").replaceAll("_", "/").padEnd(44, "=");
}

/** A new key: its public half as `RELEASE_KEY` has it, its secret half in PEM. */
export async function makeSigningKey(): Promise<{ publicKey: string; pem: string }> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)).toBase64();
  const raw = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)).slice(-RAW_BYTES);
  return {
    publicKey: raw.toBase64(),
    pem: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`,
  };
}
