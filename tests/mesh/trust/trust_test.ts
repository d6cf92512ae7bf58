import "../leak_guard.ts";
import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import {
  InvalidTokenError,
  type Mesh,
  NotAllowedError,
  parseToken,
  UnknownInviteError,
} from "../../../src/mesh/mod.ts";
import { ManualClock } from "../manual_clock.ts";
import { TestMeshes, until } from "../test_mesh.ts";

const DAY_MS = 86_400_000;

/** The id of the newest invite. */
function lastInvite(mesh: Mesh): string {
  return mesh.invites().at(-1)?.id ?? "none";
}

Deno.test("a revoked member is cut by everybody, with all that it invited, is told why, and can't return", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "member", name: "Bob", mayInvite: true });
  const id = lastInvite(founder);
  const bob = await meshes.member("bob", { token });
  const ann = await meshes.member("ann", { token: await bob.invite({ role: "member" }) });
  const all = [founder, second, bob, ann];
  await Promise.all(all.map((mesh) => until(mesh, () => mesh.members().length === 3)));
  const listed = founder.invites().find((invite) => invite.id === id);
  assert.deepEqual([listed?.name, listed?.state], ["Bob", "valid"]);
  assert.deepEqual(new Set(listed?.usedBy), new Set([bob.self, ann.self]));
  const changes: string[] = [];
  second.subscribe((event) => event.type === "peer" && changes.push(event.change));

  await founder.revoke(id);
  for (const mesh of [bob, ann]) assert.match(await mesh.ended, /was revoked/);
  for (const mesh of [founder, second]) {
    await until(mesh, () => mesh.members().length === 1);
  }
  assert.deepEqual(changes, ["left", "left"]);
  // This one may meet a connection that is being closed.
  await assert.rejects(bob.open(second.self, "/mesh-llm/http/1"));
  await assert.rejects(bob.open(second.self, "/mesh-llm/http/1"), /revoked|closed the connection/);
  assert.equal(founder.invites().find((invite) => invite.id === id)?.state, "revoked");
  assert.ok(founder.counters().cutRevoked >= 1);
  await bob.stop();
  await assert.rejects(meshes.start("bob"), /this invite was revoked; join with a new token/);
  const back = await meshes.member("bob", { token: await founder.invite({ role: "member" }) });
  await Promise.all(
    [founder, second].map((mesh) => until(mesh, () => mesh.members().length === 2)),
  );
  assert.equal(back.self, bob.self, "a new invite brings the same machine back");
  await back.stop();
  await Promise.all(
    [founder, second].map((mesh) => until(mesh, () => mesh.members().length === 1)),
  );
  const late = await meshes.member("late", { token });
  assert.match(await late.ended, /was revoked/);
  assert.deepEqual([founder.members().length, second.members().length], [1, 1]);
});

Deno.test("a revoked client is cut, is told why, and every other node refuses it", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "client" });
  const client = await meshes.start("client", { token, role: "client" });
  await until(client, () => client.routes().nodes.length > 0);
  assert.equal(founder.clientsConnected() + second.clientsConnected(), 1);
  await founder.revoke(lastInvite(founder));
  assert.match(await client.ended, /was revoked/);
  await founder.stop();
  const other = await meshes.start("other", { token, role: "client" });
  assert.match(await other.ended, /was revoked/);
  assert.equal(second.clientsConnected(), 0);
});

Deno.test("revocations survive a restart, and reach those who were away", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "client" });
  await second.stop();
  await founder.revoke(lastInvite(founder));
  await founder.stop();
  const again = await meshes.member("founder");
  const secondAgain = await meshes.member("second");
  await until(secondAgain, () => secondAgain.members().length === 1);
  await until(again, () => again.members().length === 1);
  assert.equal(again.invites().at(-1)?.state, "revoked");
  const client = await meshes.start("client", { token, role: "client" });
  assert.match(await client.ended, /was revoked/);
});

Deno.test("only what is one's own, or below it, can be revoked; the root revokes anything but itself", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const inviter = async (name: string) => {
    const token = await founder.invite({ role: "member", name, mayInvite: true });
    const mesh = await meshes.member(name, { token });
    await until(mesh, () => mesh.members().some(({ peer }) => peer === founder.self));
    return mesh;
  };
  const [bob, ann] = [await inviter("bob"), await inviter("ann")];
  await bob.invite({ role: "client" });
  const ofBob = lastInvite(bob);
  await assert.rejects(ann.revoke(ofBob), UnknownInviteError);
  await assert.rejects(founder.revoke("nonsense"), UnknownInviteError);
  await founder.revoke(ofBob);
  const guest = await meshes.member("guest", { token: await bob.invite({ role: "member" }) });
  await assert.rejects(guest.revoke(lastInvite(bob)), NotAllowedError);
  await assert.rejects(guest.invite({ role: "client" }), NotAllowedError);
});

Deno.test("the standing invite stays the same over restarts until it is revoked", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const first = await founder.defaultInvite();
  assert.equal(await founder.defaultInvite(), first);
  await founder.stop();
  const again = await meshes.member("founder");
  assert.equal(await again.defaultInvite(), first);
  assert.equal(again.invites().length, 1);
  await again.revoke(lastInvite(again));
  const second = await again.defaultInvite();
  assert.ok(first !== null && second !== null && first !== second);
  const joined = await meshes.member("joined", { token: second });
  await until(joined, () => joined.members().length === 1);
  const refused = await meshes.member("refused", { token: first });
  assert.match(await refused.ended, /was revoked/);
});

Deno.test("expiry ends membership: the node warns a day before, is cut, and stops", async () => {
  await using meshes = new TestMeshes();
  const clock = new ManualClock();
  const warnings: LogRecord[] = [];
  await configure({
    sinks: { warnings: (record) => void (record.level === "warning" && warnings.push(record)) },
    loggers: [{ category: "test", sinks: ["warnings"] }, {
      category: ["logtape", "meta"],
      sinks: [],
    }],
  });
  try {
    const founder = await meshes.member("founder", { clock });
    const expiresAt = clock.now() + 3 * DAY_MS;
    const tokens = await Promise.all(
      (["member", "client"] as const).map((role) => founder.invite({ role, expiresAt })),
    );
    const [memberToken, clientToken] = tokens;
    assert.ok(memberToken && clientToken);
    const member = await meshes.member("member", { token: memberToken, clock });
    const client = await meshes.start("client", { token: clientToken, role: "client", clock });
    await until(founder, () => founder.members().length === 1);
    await until(client, () => client.routes().nodes.length > 0);
    const expiring = () =>
      warnings.filter(({ properties }) => properties["event"] === "expiring").length;
    assert.equal(expiring(), 0);
    clock.turnForward(2 * DAY_MS + 1_000);
    await new Promise((resolve) => clock.after(0, () => clock.after(0, () => resolve(null))));
    assert.equal(expiring(), 2);
    assert.equal(founder.members().length, 1);
    clock.turnForward(DAY_MS);
    for (const mesh of [member, client]) assert.match(await mesh.ended, /has expired/);
    await until(founder, () => founder.members().length === 0);
    assert.throws(() => parseToken(memberToken, clock.now()), InvalidTokenError);
    await member.stop();
    await assert.rejects(meshes.start("member", { clock }), /it has expired; join again/);
    assert.deepEqual(founder.invites().map(({ state }) => state), ["expired", "expired"]);
  } finally {
    await reset();
  }
});

Deno.test("an invite can't outlast who gives it", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const expiresAt = Date.now() + DAY_MS;
  const token = await founder.invite({ role: "member", mayInvite: true, expiresAt });
  const bob = await meshes.member("bob", { token });
  await assert.rejects(
    bob.invite({ role: "member", expiresAt: expiresAt + 1 }),
    /its own membership ends at 20/,
  );
  const grant = parseToken(await bob.invite({ role: "member" }), Date.now()).grant;
  assert.equal(grant.expiresAt, expiresAt);
  await assert.rejects(founder.invite({ role: "member", expiresAt: 1 }), /has expired/);
});

Deno.test("a copy of the data directory is a backup of the mesh: its root key and its invites", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const standing = await founder.defaultInvite();
  await founder.invite({ role: "client", name: "Ann" });
  const id = lastInvite(founder);
  await founder.stop();
  const copied = await new Deno.Command("cp", {
    args: ["-r", meshes.directory("founder"), meshes.directory("restored")],
  }).output();
  assert.ok(copied.success);
  await Deno.remove(meshes.directory("founder"), { recursive: true });
  const restored = await meshes.member("restored");
  assert.deepEqual([restored.self, restored.meshId], [founder.self, founder.meshId]);
  assert.equal(await restored.defaultInvite(), standing);
  assert.ok(restored.mayInvite);
  await restored.revoke(id);
  assert.equal(restored.invites().find((invite) => invite.id === id)?.state, "revoked");
});
