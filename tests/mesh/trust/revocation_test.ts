import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Chain,
  extendChain,
  type Grant,
  linksOf,
} from "../../../src/mesh/trust/capability.ts";
import { BadMessageError, encodeCbor } from "../../../src/mesh/base/cbor.ts";
import type { Credential } from "../../../src/mesh/trust/credential.ts";
import { MAX_REVOCATION_BYTES } from "../../../src/mesh/base/message_defaults.ts";
import { MAX_REVOCATIONS, MAX_REVOCATIONS_A_SIGNER } from "../../../src/mesh/base/defaults.ts";
import { StaleMessageError } from "../../../src/mesh/base/errors.ts";
import { SigningKey } from "../../../src/mesh/base/keys.ts";
import {
  openRevocation,
  type Revoker,
  revokes,
  signRevocation,
} from "../../../src/mesh/trust/revocation.ts";
import { openAll, RevocationList } from "../../../src/mesh/trust/revocation_list.ts";

const NOW = 1_000;
const FULL: Grant = { role: "member", name: null, mayInvite: true, expiresAt: null };

/** Everybody along a chain of invites, the founder first: node, invite, node, ... */
function family(length: number, grants: readonly Partial<Grant>[] = []) {
  const root = SigningKey.generate();
  const meshKey = root.publicKey;
  const keys: SigningKey[] = [];
  const chains: Chain[] = [];
  for (let i = 0; i < length; i++) {
    const key = SigningKey.generate();
    const grant = { ...FULL, ...grants[i] };
    const kind = i % 2 === 0 ? "node" : "invite";
    const signer = keys.at(-1) ?? root;
    const link = { meshKey, signer, subject: key.publicKey, kind, grant } as const;
    chains.push(extendChain(chains.at(-1) ?? [], link));
    keys.push(key);
  }
  const node = (i: number): { key: SigningKey; credential: Credential } => {
    const key = keys[i];
    const chain = chains[i];
    assert.ok(key && chain);
    return { key, credential: { meshKey, chain, grant: { ...FULL, ...grants[i] } } };
  };
  const links = linksOf(chains.at(-1) ?? []);
  const idOf = (i: number) => links[i]?.id ?? "";
  return { root, meshKey, node, links, idOf };
}

function sign(id: string, revoker: Revoker, expiresAt: number | null = null) {
  return signRevocation({ id, expiresAt }, revoker);
}

Deno.test("a revocation counts where its signer stands above the certificate, and nowhere else", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 5 }), (who, what) => {
      const { meshKey, root, node, links, idOf } = family(6);
      const signer = 2 * who;
      const word = openRevocation(sign(idOf(what), node(signer)).bytes, { meshKey, now: NOW });
      assert.equal(revokes(word, links, meshKey), signer < what);
      const rootWord = sign(idOf(what), { root, meshKey });
      assert.equal(revokes(rootWord, links, meshKey), true);
      assert.equal(revokes(rootWord, links.slice(0, what), meshKey), false);
      assert.equal(revokes(rootWord, family(6).links, meshKey), false);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a revocation is read as it was signed", () => {
  const { meshKey, root, node, idOf } = family(3);
  for (const revoker of [{ root, meshKey }, node(0)]) {
    const word = sign(idOf(1), revoker, 5_000);
    assert.deepEqual(openRevocation(word.bytes, { meshKey, now: NOW }), word);
  }
});

Deno.test("a forged, altered, foreign, oversized or unentitled revocation is refused", () => {
  const { meshKey, node, idOf } = family(3, [{}, {}, { mayInvite: false }]);
  const open = (bytes: Uint8Array) => openRevocation(bytes, { meshKey, now: NOW });
  const stranger = family(1);
  const { bytes } = sign(idOf(1), node(0));
  for (let i = 0; i < bytes.byteLength; i += 5) {
    const altered = bytes.slice();
    altered[i] = (altered[i] ?? 0) ^ 0x10;
    assert.throws(() => open(altered), BadMessageError, `byte ${i}`);
  }
  const bad: [string, Uint8Array, RegExp][] = [
    ["of another mesh's member", sign(idOf(1), stranger.node(0)).bytes, /signer is refused/],
    ["of another mesh's root", sign(idOf(1), stranger).bytes, /not signed by the root/],
    ["of a node that may not invite", sign(idOf(1), node(2)).bytes, /may not invite/],
    ["by an invite's key", sign(idOf(1), node(1)).bytes, /signer is refused/],
    ["with another's chain", sign(idOf(1), { ...node(0), key: SigningKey.generate() }).bytes, /./],
    ["too large", new Uint8Array(MAX_REVOCATION_BYTES + 1), /too many/],
    ["no revocation", encodeCbor([1, 2]), /malformed/],
  ];
  for (const [name, given, reason] of bad) {
    assert.throws(() => open(given), (error: Error) => {
      assert.ok(error instanceof BadMessageError, name);
      assert.match(error.message, reason, name);
      return true;
    });
  }
});

Deno.test("a revocation is past once what it revokes has expired, or its signer has", () => {
  const { meshKey, node, idOf } = family(3, [{ expiresAt: 3_000 }, { expiresAt: 2_000 }]);
  const word = sign(idOf(1), node(0), 2_000);
  assert.equal(word.forgetAt, 2_000);
  assert.equal(sign(idOf(1), node(0)).forgetAt, 3_000);
  assert.throws(() => openRevocation(word.bytes, { meshKey, now: 2_000 }), StaleMessageError);
  assert.throws(
    () => openRevocation(sign(idOf(1), node(0)).bytes, { meshKey, now: 3_000 }),
    StaleMessageError,
  );
  assert.deepEqual(openAll([word.bytes, new Uint8Array(3)], { meshKey, now: 2_000 }), []);
});

Deno.test("the list knows each word once, whatever the order, and finds whom it concerns", () => {
  const { meshKey, root, node, links, idOf } = family(5);
  const words = [sign(idOf(3), node(2)), sign(idOf(3), { root, meshKey }), sign(idOf(1), node(0))];
  fc.assert(
    fc.property(fc.shuffledSubarray([...words, ...words], { minLength: 1 }), (order) => {
      const list = new RevocationList(meshKey);
      for (const word of order) list.add(word, NOW);
      assert.equal(list.all().length, new Set(order).size);
      for (const word of words) assert.equal(list.holds(word.bytes), order.includes(word));
      assert.ok(list.find(links));
      assert.equal(list.find(links.slice(0, 1)), undefined);
    }),
    { numRuns: 50 },
  );
});

Deno.test("one inviter can't fill the list, all of them leave room for the root, and the past makes room", () => {
  const { meshKey, root, node } = family(1);
  const list = new RevocationList(meshKey);
  const { signer, bytes } = sign("00".repeat(8), node(0));
  const word = (n: number, by = signer, more: { byRoot?: boolean; forgetAt?: number } = {}) => ({
    id: n.toString(16).padStart(16, "0"),
    signer: by,
    byRoot: false,
    forgetAt: null,
    bytes,
    ...more,
  });
  for (let n = 0; n < MAX_REVOCATIONS_A_SIGNER; n++) {
    assert.equal(list.add(word(n, signer, { forgetAt: 2_000 }), NOW), "new");
  }
  assert.equal(list.add(word(1e6), NOW), "full");
  assert.equal(list.add(word(1e6), 2_000), "new");
  assert.equal(list.all().length, 1);
  const crowd = Array.from({ length: 9 }, (_, i) => new Uint8Array(32).fill(i));
  for (let n = 0; n < 9 * MAX_REVOCATIONS_A_SIGNER; n++) list.add(word(n, crowd[n % 9]), NOW);
  assert.ok(list.all().length <= MAX_REVOCATIONS / 2);
  assert.equal(list.add(word(1, root.publicKey, { byRoot: true }), NOW), "new");
});
