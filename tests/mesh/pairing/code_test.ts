import assert from "node:assert/strict";
import fc from "fast-check";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import {
  codeOf,
  commitmentOf,
  type Ends,
  meshMark,
  shownCode,
  typedCode,
} from "../../../src/mesh/pairing/code.ts";

const numRuns = Number(Deno.env.get("MESH_LLM_RUNS") ?? 300);
const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const [MEMBER, NEWCOMER, MIDDLE] = [1, 2, 3].map((byte) =>
  peerIdOf(SigningKey.fromSeed(new Uint8Array(32).fill(byte)).publicKey)
);
const ends: Ends = {
  mark: meshMark(new Uint8Array(32).fill(9)),
  member: MEMBER!,
  newcomer: NEWCOMER!,
};
const filled = (byte: number) => new Uint8Array(32).fill(byte);

Deno.test("the code of known nonces is a known one, so that versions agree", () => {
  assert.equal(codeOf(ends, { member: filled(4), newcomer: filled(5) }), "143042");
});

Deno.test("both ends work out one code of six digits, and it is typed as it is shown", () => {
  fc.assert(
    fc.property(bytes, bytes, (member, newcomer) => {
      const code = codeOf(ends, { member, newcomer });
      assert.match(code, /^\d{6}$/);
      assert.equal(codeOf({ ...ends }, { member, newcomer }), code);
      assert.equal(typedCode(shownCode(code)), code);
      assert.equal(typedCode(` ${code.slice(0, 3)} ${code.slice(3)}\n`), code);
    }),
    { numRuns },
  );
});

Deno.test("a commitment holds for one nonce, one mesh and one pair of ends", () => {
  fc.assert(
    fc.property(
      bytes,
      bytes,
      fc.nat(31),
      fc.integer({ min: 1, max: 255 }),
      (nonce, key, at, bit) => {
        const own = commitmentOf(ends, nonce);
        const flipped = nonce.with(at, nonce[at]! ^ bit);
        for (
          const other of [
            commitmentOf(ends, flipped),
            commitmentOf({ ...ends, mark: meshMark(key) }, nonce),
            commitmentOf({ ...ends, newcomer: MIDDLE! }, nonce),
            commitmentOf({ ...ends, member: MIDDLE! }, nonce),
            commitmentOf({ ...ends, member: ends.newcomer, newcomer: ends.member }, nonce),
          ]
        ) assert.notDeepEqual(other, own);
      },
    ),
    { numRuns },
  );
});

Deno.test("a man in the middle, who is bound before he knows, makes both codes equal no more often than by luck", () => {
  const random = () => crypto.getRandomValues(new Uint8Array(32));
  const tries = Number(Deno.env.get("MESH_LLM_CODES") ?? 5_000);
  let equal = 0;
  for (let i = 0; i < tries; i++) {
    // Towards the member he is a newcomer, towards the newcomer a member, of a mesh of his own or of this one.
    const [member, newcomer, asNewcomer, asMember] = [random(), random(), random(), random()];
    const shown = codeOf({ ...ends, member: MIDDLE! }, { member: asMember, newcomer });
    const wanted = codeOf({ ...ends, newcomer: MIDDLE! }, { member, newcomer: asNewcomer });
    if (shown === wanted) equal++;
  }
  // Three or more of 5,000 come once in ten million runs.
  assert.ok(equal <= 2, `${equal} of ${tries}`);
});

for (
  const [text, code] of [
    ["482913", "482913"],
    ["482-913", "482913"],
    ["482 913", "482913"],
    ["  482-913 ", "482913"],
    ["48-2913", undefined],
    ["4829131", undefined],
    ["48291", undefined],
    ["٤٨٢٩١٣", undefined],
    ["482--913", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`typedCode() of ${JSON.stringify(text)}`, () => assert.equal(typedCode(text), code));
}
