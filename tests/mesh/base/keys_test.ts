import assert from "node:assert/strict";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import {
  isPeerId,
  meshIdOf,
  peerIdOf,
  publicKeyOf,
  SigningKey,
  verifySignature,
} from "../../../src/mesh/base/keys.ts";

Deno.test("a PeerId is the one that libp2p makes of the key, and gives the key back", async () => {
  const key = await generateKeyPair("Ed25519");
  const text = peerIdFromPrivateKey(key).toString();
  assert.equal(peerIdOf(key.publicKey.raw), text);
  assert.deepEqual(publicKeyOf(text), key.publicKey.raw);
  for (const _time of ["first", "again"]) assert.equal(isPeerId(text), true);
});

Deno.test("what is no Ed25519 PeerId holds no key", () => {
  for (const text of ["", "12D3KooW", "not base58 0OIl", meshIdOf(new Uint8Array(32))]) {
    assert.equal(publicKeyOf(text), undefined, text);
    assert.equal(isPeerId(text), false, text);
  }
});

Deno.test("a signature holds for its message and key only", () => {
  const key = SigningKey.generate();
  const message = new Uint8Array([1, 2, 3]);
  const signature = SigningKey.fromSeed(key.seed).sign(message);
  assert.equal(verifySignature(key.publicKey, message, signature), true);
  assert.equal(verifySignature(key.publicKey, new Uint8Array([1, 2, 4]), signature), false);
  assert.equal(verifySignature(SigningKey.generate().publicKey, message, signature), false);
  assert.equal(verifySignature(key.publicKey, message, signature.subarray(1)), false);
  assert.equal(verifySignature(new Uint8Array(5), message, signature), false);
});
