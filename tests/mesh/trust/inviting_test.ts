/** Whose invites may invite, and what a token is worth without the machine that made it. */

import "../leak_guard.ts";
import assert from "node:assert/strict";
import { type Mesh, NotAllowedError, parseToken } from "../../../src/mesh/mod.ts";
import { TestMeshes, until } from "../test_mesh.ts";

function grantOf(token: string | null) {
  assert.ok(token !== null);
  return parseToken(token, Date.now()).grant;
}

async function joined(mesh: Mesh, others: number): Promise<Mesh> {
  await until(mesh, () => mesh.members().length === others);
  return mesh;
}

Deno.test("a founder's invites of members may invite unless it says no; others' only where they say so", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const standing = await founder.defaultInvite();
  const may = async (mesh: Mesh, options: Parameters<Mesh["invite"]>[0]) =>
    grantOf(await mesh.invite(options)).mayInvite;
  assert.equal(grantOf(standing).mayInvite, true);
  assert.equal(await may(founder, { role: "member" }), true);
  assert.equal(await may(founder, { role: "member", mayInvite: false }), false);
  assert.equal(await may(founder, { role: "client" }), false);
  const second = await meshes.member("second", { token: standing });
  assert.equal(grantOf(await second.defaultInvite()).mayInvite, false);
  assert.equal(await may(second, { role: "member" }), false);
  assert.equal(await may(second, { role: "member", mayInvite: true }), true);
  const last = await meshes.member("last", { token: await second.defaultInvite() });
  assert.deepEqual([second.mayInvite, last.mayInvite], [true, false]);
  assert.equal(await last.defaultInvite(), null);
  await assert.rejects(last.invite({ role: "client" }), NotAllowedError);
});

Deno.test("a machine is added while the founder is off: by another's invite, and by the founder's own", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.invite({ role: "member" });
  const second = await meshes.member("second", { token });
  await joined(founder, 1);
  const later = await founder.invite({ role: "member", name: "third" });
  assert.deepEqual(
    parseToken(later, Date.now()).addresses,
    [...founder.addresses(), ...second.addresses()],
  );
  await joined(second, 1);
  await founder.stop();
  await joined(second, 0);
  await joined(await meshes.member("third", { token: later }), 1);
  const own = await second.invite({ role: "member", name: "fourth" });
  await joined(await meshes.member("fourth", { token: own }), 2);
  await joined(second, 2);
});

Deno.test("whose chain has no room for another generation has no invite, and starts all the same", async () => {
  await using meshes = new TestMeshes();
  let inviter = await meshes.member("0");
  for (let generation = 1; generation < 8; generation++) {
    assert.ok(inviter.mayInvite);
    const token = await inviter.invite({ role: "member", mayInvite: true });
    inviter = await meshes.member(String(generation), { token });
  }
  assert.equal(inviter.mayInvite, false);
  assert.equal(await inviter.defaultInvite(), null);
  await assert.rejects(inviter.invite({ role: "member" }), /too many generations/);
});
