import assert from "node:assert/strict";
import {
  acceptInvite,
  checkCredential,
  foundCredential,
} from "../../../src/mesh/trust/credential.ts";
import { InvalidTokenError, NotAllowedError } from "../../../src/mesh/base/errors.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import { encodeToken, makeInvite, parseToken } from "../../../src/mesh/trust/token.ts";
import type { MemberRole } from "../../../src/mesh/base/roles.ts";

const NOW = 1_000_000;

function founder() {
  const key = SigningKey.generate();
  const credential = foundCredential(SigningKey.generate(), {
    publicKey: key.publicKey,
    name: "Ann's Mac",
  });
  const peer = peerIdOf(key.publicKey);
  const addresses = [1, 2].map((i) => `/ip4/192.168.1.${i}/udp/4500${i}/quic-v1/p2p/${peer}`);
  return { key, credential, addresses, peer };
}

function mint(
  inviter: Pick<ReturnType<typeof founder>, "key" | "credential" | "addresses">,
  changes: { role?: MemberRole; mayInvite?: boolean; expiresAt?: number | null } = {},
): string {
  const { key: signer, credential, addresses } = inviter;
  const grant = {
    role: "member" as const,
    name: null,
    mayInvite: false,
    expiresAt: null,
    ...changes,
  };
  const invite = makeInvite({ credential, signer, grant, now: NOW });
  return encodeToken({ meshKey: credential.meshKey, addresses, ...invite });
}

Deno.test("a token gives back its mesh, addresses and grant, and is short enough to be copied", () => {
  const inviter = founder();
  const token = mint(inviter, { role: "client" });
  const invite = parseToken(` ${token}\n`, NOW);
  assert.deepEqual(invite.meshKey, inviter.credential.meshKey);
  assert.deepEqual(invite.addresses, inviter.addresses);
  assert.equal(invite.grant.role, "client");
  assert.match(token, /^mesh1_[\w-]+$/);
  assert.ok(token.length < 600, `it has ${token.length} characters`);
});

// Quotes stay in what Docker reads from a file of variables, and a mail breaks long lines.
Deno.test("a token is found in what people copy along with it", () => {
  const inviter = founder();
  const token = mint(inviter);
  const broken = `${token.slice(0, 40)}\r\n  ${token.slice(40)}`;
  const around = ['"', "'", "`", "“", "«", "<", "(", "\u200b", "\ufeff"];
  for (const text of [broken, `${token}.`, ...around.map((mark) => `${mark}${token}${mark}`)]) {
    assert.deepEqual(parseToken(text, NOW).addresses, inviter.addresses, text.slice(0, 10));
  }
});

Deno.test("a token that is cut or altered anywhere is refused with a sentence", () => {
  const token = mint(founder());
  // The last character may hold bits that mean nothing.
  for (let i = 0; i < token.length - 1; i += 7) {
    assert.throws(() => parseToken(token.slice(0, i), NOW), InvalidTokenError, `cut at ${i}`);
    const other = token[i] === "A" ? "B" : "A";
    const altered = token.slice(0, i) + other + token.slice(i + 1);
    assert.throws(() => parseToken(altered, NOW), InvalidTokenError, `altered at ${i}`);
  }
  for (
    const text of ["", "hello", "mesh1_", "mesh1_!!!", "mesh1_" + "A".repeat(20_000), token + "A"]
  ) {
    assert.throws(() => parseToken(text, NOW), InvalidTokenError, text.slice(0, 20));
  }
  assert.throws(() => parseToken(token.slice(0, -5), NOW), /cut or altered: copy it again in full/);
});

Deno.test("an expired token is refused", () => {
  const token = mint(founder(), { expiresAt: NOW + 10 });
  assert.equal(parseToken(token, NOW + 9).grant.expiresAt, NOW + 10);
  assert.throws(() => parseToken(token, NOW + 10), /has expired/);
});

Deno.test("the joiner's credential is checked offline, and is nobody else's", () => {
  const invite = parseToken(mint(founder()), NOW);
  const { publicKey } = SigningKey.generate();
  const { meshKey, chain, grant } = acceptInvite(invite, { publicKey, role: "member" });
  assert.equal(grant.role, "member");
  assert.equal(checkCredential(chain, { meshKey, publicKey, now: NOW }).ok, true);
  const stranger = SigningKey.generate().publicKey;
  assert.equal(checkCredential(chain, { meshKey, publicKey: stranger, now: NOW }).ok, false);
});

Deno.test("a member's token makes a client of who starts as one, and never the reverse", () => {
  const inviter = founder();
  const { publicKey } = SigningKey.generate();
  const asClient = acceptInvite(parseToken(mint(inviter), NOW), { publicKey, role: "client" });
  assert.equal(asClient.grant.role, "client");
  const invite = parseToken(mint(inviter, { role: "client" }), NOW);
  assert.throws(() => acceptInvite(invite, { publicKey, role: "member" }), /for clients only/);
});

Deno.test("only who may invite makes tokens, generation after generation up to a limit", () => {
  let inviter: Pick<ReturnType<typeof founder>, "key" | "credential" | "addresses"> = founder();
  const { addresses } = inviter;
  const join = (token: string) => {
    const key = SigningKey.generate();
    const node = { publicKey: key.publicKey, role: "member" as const };
    return { key, addresses, credential: acceptInvite(parseToken(token, NOW), node) };
  };
  const guest = join(mint(inviter));
  assert.throws(() => mint(guest), NotAllowedError);
  for (let generation = 0; generation < 7; generation++) {
    inviter = join(mint(inviter, { mayInvite: true }));
  }
  assert.throws(() => mint(inviter), /too many generations/);
});
