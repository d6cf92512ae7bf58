import assert from "node:assert/strict";
import fc from "fast-check";
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
  assert.equal(isPeerId(text), true);
});

Deno.test("isPeerId() says of any text whether it decodes to an Ed25519 key", () => {
  const peer = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(peerIdOf);
  const extreme = fc.constantFrom(
    ...[0, 1, 0xfe, 0xff].map((byte) => peerIdOf(new Uint8Array(32).fill(byte))),
  );
  const digit = fc.constantFrom(..."1123456789ABCHJNPYZabkmxyz0OIl é\n");
  const changed = fc.tuple(fc.oneof(peer, extreme), fc.nat(60), fc.array(digit, { maxLength: 3 }))
    .map(([text, at, digits]) => text.slice(0, at) + digits.join("") + text.slice(at + 1));
  const any = fc.oneof(peer, extreme, changed, fc.string({ unit: digit, maxLength: 60 }));
  fc.assert(
    fc.property(any, (text) => {
      assert.equal(isPeerId(text), publicKeyOf(text) !== undefined, text);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a text that is no Ed25519 PeerId holds no key", () => {
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
