/** A man in the middle whom the newcomer takes for a member; tests/e2e/pairing_middle_test.ts has one who announces himself. */

import "../leak_guard.ts";
import assert from "node:assert/strict";
import { PAIRING_TRIES } from "../../../src/mesh/pairing/defaults.ts";
import { TestMeshes, until } from "../test_mesh.ts";
import { changeItsWord, Middle, passOn, speakForBoth } from "./middle.ts";
import { heard, member, placeOf, visit } from "./visits.ts";

Deno.test("a man in the middle has another code on either side, and nobody joins", async () => {
  await using meshes = new TestMeshes();
  const studio = await member(meshes, "studio");
  await using middle = new Middle(placeOf(studio));
  const port = await middle.listen(speakForBoth);
  const { code, token } = visit({ ...heard(studio), addresses: [`127.0.0.1:${port}`] });
  const ended = assert.rejects(token, /wrong three times/);
  const typed = await code;
  await until(studio, () => studio.pairing.state().visitor !== null);
  for (let left = PAIRING_TRIES - 1; left >= 0; left--) {
    const accepted = studio.pairing.accept({ code: typed, role: "member", mayInvite: false });
    await assert.rejects(accepted, { why: "wrong-code", triesLeft: left });
  }
  await ended;
  assert.deepEqual([studio.invites(), studio.members()], [[], []]);
});

for (
  const [what, relay] of [
    ["passes on what both say", passOn],
    ["changes his word once he knows the other's", changeItsWord],
  ] as const
) {
  Deno.test(`a man in the middle who ${what} is found out before a code is shown`, async () => {
    await using meshes = new TestMeshes();
    const studio = await member(meshes, "studio");
    await using middle = new Middle(placeOf(studio));
    const port = await middle.listen(relay);
    const { code, token } = visit({ ...heard(studio), addresses: [`127.0.0.1:${port}`] });
    await assert.rejects(token, /changed its word/);
    await assert.rejects(code);
    assert.deepEqual([studio.invites(), studio.members()], [[], []]);
  });
}
