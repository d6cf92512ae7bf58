import assert from "node:assert/strict";
import fc from "fast-check";
import {
  attenuate,
  type Chain,
  chainSchema,
  chainToWire,
  extendChain,
  type Grant,
  MAX_CHAIN_LENGTH,
  type SubjectKind,
  verifyChain,
} from "../../../src/mesh/trust/capability.ts";
import { decodeCbor, encodeCbor } from "../../../src/mesh/base/cbor.ts";
import { MEMBER_ROLES } from "../../../src/mesh/base/roles.ts";
import { SigningKey } from "../../../src/mesh/base/keys.ts";

const NOW = 1_000;
const RELAY = { role: "relay", mayInvite: false } as const;
const FULL: Grant = { role: "member", name: null, mayInvite: true, expiresAt: null };

/** A chain of these grants, kinds in turn, each signed by the one before. */
function chainOf(root: SigningKey, grants: readonly Partial<Grant>[], kinds?: SubjectKind[]) {
  let chain: Chain = [];
  let signer = root;
  for (const [i, grant] of grants.entries()) {
    const subject = SigningKey.generate();
    const kind = kinds?.[i] ?? (i % 2 === 0 ? "node" : "invite");
    const link = { subject: subject.publicKey, kind, grant: { ...FULL, ...grant } };
    chain = extendChain(chain, { meshKey: root.publicKey, signer, ...link });
    signer = subject;
  }
  return { chain, last: signer };
}

Deno.test("verifyChain() accepts what attenuates and refuses what exceeds", () => {
  const cases: [string, Partial<Grant>[], RegExp | null][] = [
    ["the founder", [{}], null],
    ["a member's invite of a member", [{}, {}, { mayInvite: false }], null],
    ["a client by a member", [{}, { role: "client", mayInvite: false }, {
      role: "client",
      mayInvite: false,
    }], null],
    ["two generations", [{}, {}, {}, {}, {}], null],
    ["an earlier expiry", [{ expiresAt: 3_000 }, { expiresAt: 2_000 }], null],
    ["a member of a client's", [{}, { role: "client" }, {}], /makes a member/],
    ["a relay by a member", [{}, RELAY, RELAY], null],
    ["a relay by a member's invite", [{}, {}, RELAY], null],
    ["a member of a relay's", [{}, RELAY, { mayInvite: false }], /makes a member of what a relay/],
    ["a client of a relay's", [{}, RELAY, { ...RELAY, role: "client" }], /makes a client/],
    ["a relay of a client's", [{}, { role: "client", mayInvite: false }, RELAY], /makes a relay/],
    ["a relay that may invite", [{}, {}, { role: "relay" }], /lets a relay invite/],
    ["a relay's invite of a relay", [{}, RELAY, RELAY, RELAY], /may not invite/],
    [
      "a later version's role",
      [{}, { role: "oracle" as "relay" }],
      /2 grants a role that this ver/,
    ],
    [
      "an invite by one who may not",
      [{ mayInvite: false }, { mayInvite: false }],
      /may not invite/,
    ],
    ["more than the invite has", [{}, { mayInvite: false }, {}], /without having it/],
    ["a later expiry", [{ expiresAt: 2_000 }, { expiresAt: 3_000 }], /expires later/],
    ["no expiry after one", [{ expiresAt: 2_000 }, {}], /expires later/],
    ["an expired link in the middle", [{}, { expiresAt: NOW }, { expiresAt: NOW }], /expired/],
    ["nothing", [], /empty/],
  ];
  for (const [name, grants, reason] of cases) {
    const root = SigningKey.generate();
    const { chain } = chainOf(root, grants);
    const verdict = verifyChain(chain, { meshKey: root.publicKey, now: NOW });
    assert.equal(verdict.ok, reason === null, name);
    if (!verdict.ok && reason !== null) assert.match(verdict.reason, reason, name);
  }
});

Deno.test("nodes and invites take turns along a chain", () => {
  for (const kinds of [["node", "node"], ["invite", "invite"]] as SubjectKind[][]) {
    const root = SigningKey.generate();
    const { chain } = chainOf(root, [{}, {}], kinds);
    assert.equal(verifyChain(chain, { meshKey: root.publicKey, now: NOW }).ok, false);
  }
});

Deno.test("a chain that is altered, cut, reordered or moved to another mesh is refused", () => {
  const root = SigningKey.generate();
  const { chain } = chainOf(root, [{}, {}, {}]);
  const [first, second, third] = chain;
  assert.ok(first && second && third);
  const altered = second.body.slice();
  altered[5] = (altered[5] ?? 0) ^ 1;
  const bad: [string, Chain, Uint8Array][] = [
    ["altered", [first, { ...second, body: altered }, third], root.publicKey],
    ["without its middle", [first, third], root.publicKey],
    ["without its start", [second, third], root.publicKey],
    ["swapped", [second, first, third], root.publicKey],
    ["under another root", chain, SigningKey.generate().publicKey],
  ];
  for (const [name, links, meshKey] of bad) {
    assert.equal(verifyChain(links, { meshKey, now: NOW }).ok, false, name);
  }
});

Deno.test("a certificate made in one mesh is worth nothing in another, though the same key signed it", () => {
  const [home, abroad] = [SigningKey.generate(), SigningKey.generate()];
  const node = SigningKey.generate();
  const guest = SigningKey.generate();
  const link = { subject: node.publicKey, kind: "node", grant: FULL } as const;
  const atHome = extendChain([], { meshKey: home.publicKey, signer: home, ...link });
  const away = extendChain([], { meshKey: abroad.publicKey, signer: abroad, ...link });
  const invite = { signer: node, subject: guest.publicKey, kind: "invite", grant: FULL } as const;
  const [, stolen] = extendChain(away, { meshKey: abroad.publicKey, ...invite });
  assert.ok(stolen);
  const verdict = verifyChain([...atHome, stolen], { meshKey: home.publicKey, now: NOW });
  assert.equal(verdict.ok, false);
});

Deno.test("a chain that is too long is refused", () => {
  const root = SigningKey.generate();
  const { chain } = chainOf(root, Array(MAX_CHAIN_LENGTH + 1).fill({}));
  assert.equal(verifyChain(chain, { meshKey: root.publicKey, now: NOW }).ok, false);
  const longest = chain.slice(0, MAX_CHAIN_LENGTH);
  assert.equal(verifyChain(longest, { meshKey: root.publicKey, now: NOW }).ok, true);
});

Deno.test("a chain survives its wire form", () => {
  const root = SigningKey.generate();
  const { chain, last } = chainOf(root, [{ name: "founder" }, { name: "for Ann" }]);
  const read = decodeCbor(encodeCbor(chainToWire(chain)), chainSchema, "chain");
  const verdict = verifyChain(read, { meshKey: root.publicKey, now: NOW });
  assert.ok(verdict.ok);
  assert.deepEqual(verdict.last.subject, last.publicKey);
  assert.equal(verdict.last.grant.name, "for Ann");
});

Deno.test("attenuate() never gives more than is held", () => {
  const grant = fc.record({
    role: fc.constantFrom(...MEMBER_ROLES),
    name: fc.constant(null),
    mayInvite: fc.boolean(),
    expiresAt: fc.option(fc.integer({ min: NOW + 1, max: 9_999 })),
  });
  fc.assert(
    fc.property(grant.filter((held) => !isInvitingRelay(held)), grant, (held, wanted) => {
      const root = SigningKey.generate();
      const { chain } = chainOf(root, [held, attenuate(held, wanted)], ["invite", "node"]);
      assert.equal(verifyChain(chain, { meshKey: root.publicKey, now: NOW }).ok, true);
    }),
    { numRuns: 50 },
  );
});

/** Roles, rights and times from little to much. */
const anyGrant = fc.record({
  role: fc.constantFrom(...MEMBER_ROLES),
  name: fc.constant(null),
  mayInvite: fc.boolean(),
  expiresAt: fc.option(fc.integer({ min: NOW + 1, max: NOW + 4 })),
});

function isInvitingRelay({ role, mayInvite }: Grant): boolean {
  return role === "relay" && mayInvite;
}

function isWithin(inner: Grant, outer: Grant): boolean {
  return (outer.role === "member" || inner.role === outer.role) && !isInvitingRelay(inner) &&
    (outer.mayInvite || !inner.mayInvite) &&
    (outer.expiresAt === null ||
      inner.expiresAt !== null && inner.expiresAt <= outer.expiresAt);
}

Deno.test("along an accepted chain every grant is within all that come before it, and nothing else is accepted", () => {
  fc.assert(
    fc.property(fc.array(anyGrant, { minLength: 1, maxLength: 5 }), (grants) => {
      const root = SigningKey.generate();
      const { chain } = chainOf(root, grants);
      const verdict = verifyChain(chain, { meshKey: root.publicKey, now: NOW });
      const attenuates = grants.every((grant, i) =>
        grants.slice(0, i).every((before) => isWithin(grant, before))
      );
      // The maker of an invite, which is every second link, had the right to.
      const entitled = grants.every(({ mayInvite }, i) =>
        i % 2 === 1 || i === grants.length - 1 || mayInvite
      );
      assert.equal(verdict.ok, attenuates && entitled && !grants.some(isInvitingRelay));
    }),
    { numRuns: 300 },
  );
});

Deno.test("a chain that is attenuated at every step is accepted until its first expiry, whatever was wanted", () => {
  fc.assert(
    fc.property(fc.array(anyGrant, { minLength: 1, maxLength: 6 }), (wanted) => {
      const root = SigningKey.generate();
      let held: Grant = FULL;
      const grants = wanted.map((one, i) => {
        held = attenuate(held, one);
        if (i % 2 === 0 && i < wanted.length - 1) held = { ...held, mayInvite: true };
        return held;
      });
      const mayAll = grants.every((grant, i) => isWithin(grant, grants[i - 1] ?? FULL));
      fc.pre(mayAll);
      const { chain } = chainOf(root, grants);
      const ends = grants.flatMap(({ expiresAt }) => expiresAt ?? []);
      const end = Math.min(...ends, NOW + 100);
      const at = (now: number) => verifyChain(chain, { meshKey: root.publicKey, now }).ok;
      assert.equal(at(end - 1), true);
      assert.equal(at(end), ends.length === 0);
    }),
    { numRuns: 60 },
  );
});
