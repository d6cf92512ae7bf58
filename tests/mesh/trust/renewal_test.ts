/** Which certificates a node takes in place of its own, and what it remembers of others. */

import assert from "node:assert/strict";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { MAX_GUESTS } from "../../../src/mesh/base/defaults.ts";
import type { Grant } from "../../../src/mesh/trust/capability.ts";
import {
  acceptInvite,
  type Credential,
  foundCredential,
} from "../../../src/mesh/trust/credential.ts";
import { GuestBook } from "../../../src/mesh/trust/guest_book.ts";
import type { Guest } from "../../../src/mesh/trust/removal.ts";
import { judgeRenewal, renewMembership } from "../../../src/mesh/trust/renewal.ts";
import { makeInvite } from "../../../src/mesh/trust/token.ts";
import { trustFromJson, trustSchema, trustToJson } from "../../../src/mesh/trust/trust_file.ts";

const NOW = 1_800_000_000_000;
const MEMBER: Grant = { role: "member", name: "one", mayInvite: true, expiresAt: NOW + 1_000 };

interface Node {
  readonly key: SigningKey;
  readonly credential: Credential;
}

function founder(): Node {
  const key = SigningKey.generate();
  return {
    key,
    credential: foundCredential(SigningKey.generate(), { publicKey: key.publicKey, name: "f" }),
  };
}

function invitedBy({ key: signer, credential }: Node, grant = MEMBER): Node {
  const { chain, key } = makeInvite({ credential, signer, grant, now: NOW });
  const own = SigningKey.generate();
  const invite = { meshKey: credential.meshKey, addresses: [], chain, key, grant };
  const { publicKey } = own;
  return { key: own, credential: acceptInvite(invite, { publicKey, role: grant.role }) };
}

function offer(by: Node, to: Node, grant = to.credential.grant) {
  const { key: signer, credential } = by;
  return renewMembership({ credential, signer, subject: to.key.publicKey, grant, now: NOW }).chain;
}

Deno.test("judgeRenewal() takes the same rights, by a node above, for the own key and the own mesh alone", () => {
  const [first, stranger] = [founder(), founder()];
  const ann = invitedBy(first);
  const bob = invitedBy(ann);
  const cid = invitedBy(bob);
  const sibling = invitedBy(first);
  const client = invitedBy(ann, { ...MEMBER, role: "client", mayInvite: false });
  const { publicKey } = bob.key;
  const judge = (chain: Credential["chain"], now = NOW) =>
    judgeRenewal(bob.credential, chain, { publicKey, now });
  for (const by of [first, ann]) {
    const verdict = judge(offer(by, bob));
    assert.ok(verdict.ok);
    assert.equal(verdict.links.length, by.credential.chain.length + 2);
  }
  const table: [string, Credential["chain"], RegExp, number?][] = [
    ["by a sibling of its inviter", offer(sibling, bob), /by whose invites/],
    ["by a node below it", offer(cid, bob), /by whose invites/],
    ["by itself", offer(bob, bob), /by whose invites/],
    ["of another mesh", offer(stranger, bob), /signature/],
    ["for another node", offer(first, cid), /another node/],
    ["its own invite's, again", bob.credential.chain.slice(0, -1), /another node/],
    ["less", offer(first, bob, { ...MEMBER, mayInvite: false }), /other rights/],
    ["shorter", offer(first, bob, { ...MEMBER, expiresAt: NOW + 1 }), /other rights/],
    ["longer", offer(first, bob, { ...MEMBER, expiresAt: null }), /other rights/],
    ["expired", offer(first, bob), /expired/, NOW + 2_000],
  ];
  for (const [what, chain, reason, now] of table) {
    const verdict = judge(chain, now);
    assert.ok(!verdict.ok, what);
    assert.match(verdict.reason, reason, what);
  }
  assert.throws(() => offer(client, bob), /may not invite/);
});

Deno.test("a book of guests has a bound, keeps names and former certificates, and is read as it was written", () => {
  let changes = 0;
  const book = new GuestBook([], () => changes += 1);
  const guest = (name: string | null, more: Partial<Guest> = {}): Guest => ({
    id: peerIdOf(SigningKey.generate().publicKey),
    name,
    links: [{ id: "00ff00ff00ff00ff", subject: new Uint8Array(32).fill(7) }],
    expiresAt: null,
    former: null,
    ...more,
  });
  const first = guest("first");
  const former = [{ id: "11ff00ff00ff00ff", subject: new Uint8Array(32) }];
  book.note({ ...first, former });
  book.note({ ...first, name: null });
  assert.deepEqual([book.all(), changes], [[{ ...first, former }], 1]);
  book.rename(first.id, "renamed");
  assert.equal(book.all()[0]?.name, "renamed");
  const stored = { invites: [], standing: null, revocations: [], guests: book.all() };
  const parse = (json: unknown) =>
    trustSchema.transform(trustFromJson).parse(JSON.parse(JSON.stringify(json)));
  assert.deepEqual(parse(trustToJson(stored)), stored);
  const { guests: _, ...earlier } = trustToJson(stored) as Record<string, unknown>;
  assert.deepEqual(parse(earlier).guests, []);
  const others = Array.from({ length: MAX_GUESTS }, () => guest(null));
  for (const one of others) book.note(one);
  assert.deepEqual(book.all().map(({ id }) => id), others.map(({ id }) => id));
});
