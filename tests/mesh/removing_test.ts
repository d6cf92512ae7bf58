/** One machine is taken out of a mesh, and those that came by its invites stay. */

import "./leak_guard.ts";
import assert from "node:assert/strict";
import {
  type Mesh,
  NotAllowedError,
  type PeerId,
  UnknownMachineError,
} from "../../src/mesh/mod.ts";
import { MessageStream } from "../../src/mesh/base/messages.ts";
import { RENEWALS_AT_ONCE } from "../../src/mesh/base/defaults.ts";
import { raceSignal } from "../../src/base/race_signal.ts";
import { Removing, type RemovingParts } from "../../src/mesh/removing.ts";
import { publicKeyOf } from "../../src/mesh/base/keys.ts";
import { chainToWire } from "../../src/mesh/trust/capability.ts";
import { renewMembership } from "../../src/mesh/trust/renewal.ts";
import { invited, RawNode } from "./raw_node.ts";
import { TestMeshes, until } from "./test_mesh.ts";
import { z } from "zod";

async function allMet(...all: readonly Mesh[]): Promise<void> {
  await Promise.all(all.map((mesh) => until(mesh, () => mesh.members().length === all.length - 1)));
}

/** Each has invited the next one. */
async function chain(meshes: TestMeshes, ...names: readonly string[]): Promise<Mesh[]> {
  const all = [await meshes.member(names[0] ?? "founder")];
  for (const name of names.slice(1)) {
    const token = await all.at(-1)?.invite({ role: "member", name, mayInvite: true });
    all.push(await meshes.member(name, { token: token ?? null }));
  }
  await allMet(...all);
  return all;
}

/** The machines that left, joined or died in a node's eyes. */
function changesOf(mesh: Mesh): string[] {
  const changes: string[] = [];
  mesh.subscribe((event) => event.type === "peer" && changes.push(`${event.name} ${event.change}`));
  return changes;
}

const idsOf = (machines: readonly { readonly id: PeerId }[]) => machines.map(({ id }) => id).sort();

Deno.test("an inviter is removed: it and its tokens are out, those that came by it stay, on their connections", async () => {
  await using meshes = new TestMeshes();
  const [founder, ann, bob, cid] = await chain(meshes, "founder", "ann", "bob", "cid");
  assert.ok(founder && ann && bob && cid);
  const ofAnn = await ann.invite({ role: "member" });
  const ofBob = await bob.invite({ role: "member" });
  const preview = await founder.removalOf(ann.self);
  assert.deepEqual(preview.machine, { id: ann.self, name: "ann" });
  assert.deepEqual(idsOf(preview.stays), [bob.self, cid.self].sort());
  assert.deepEqual(preview.lost, []);
  const kept = [founder, bob, cid];
  const changes = kept.map(changesOf);

  assert.deepEqual(await founder.remove(ann.self), preview);
  assert.match(await ann.ended, /was revoked/);
  await allMet(...kept);
  assert.deepEqual(changes, kept.map(() => ["ann left"]));
  await bob.open(cid.self, "/mesh-llm/routes/1");
  for (const token of [ofAnn, ofBob]) {
    const late = await meshes.start(`by ${token.slice(-8)}`, { token });
    assert.match(await late.ended, /was revoked/);
    await late.stop();
  }
  const names = founder.invites().filter(({ state }) => state === "valid").map(({ name }) => name);
  assert.deepEqual(names.sort(), ["bob", "cid"], "each has an invite that can be ended alone");
  assert.ok(bob.invites().every(({ state }) => state === "revoked"));
  assert.equal(bob.mayInvite, true);
  const dan = await meshes.member("dan", { token: await bob.invite({ role: "member" }) });
  await allMet(...kept, dan);

  await Promise.all([dan, ...kept].map((mesh) => mesh.stop()));
  const again = await Promise.all(
    ["founder", "bob", "cid", "dan"].map((name) => meshes.member(name)),
  );
  await allMet(...again);
  const [founderAgain, bobAgain] = again;
  assert.ok(founderAgain && bobAgain);
  await founderAgain.remove(bobAgain.self);
  assert.match(await bobAgain.ended, /was revoked/);
  await allMet(...again.filter((mesh) => mesh !== bobAgain));
});

Deno.test("of those that came by one token one is removed; who is away is named, and invited again", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const token = await founder.defaultInvite();
  const [ann, bob, away] = await Promise.all(
    ["ann", "bob", "away"].map((name) => meshes.member(name, { token })),
  );
  assert.ok(ann && bob && away);
  const client = await meshes.start("client", { token, role: "client" });
  await allMet(founder, ann, bob, away);
  await away.stop();
  await allMet(founder, ann, bob);
  await founder.stop();
  const again = await meshes.member("founder");
  await allMet(again, ann, bob);
  await client.open(again.self, "/mesh-llm/routes/1");
  const preview = await again.removalOf(ann.self);
  assert.deepEqual(idsOf(preview.stays), [bob.self, client.self].sort());
  assert.deepEqual(preview.lost, [{ id: away.self, name: "away" }]);
  assert.deepEqual(await again.remove(ann.self), preview);
  assert.match(await ann.ended, /was revoked/);
  await allMet(again, bob);
  await client.refreshRoutes({ force: true });
  const back = await meshes.start("away");
  assert.match(await back.ended, /was revoked/);
  await back.stop();
  const fresh = await again.invite({ role: "member" });
  await allMet(again, bob, await meshes.member("away", { token: fresh }));
});

Deno.test("a machine that is off is removed: it can't come back", async () => {
  await using meshes = new TestMeshes();
  const [founder, ann, bob] = await chain(meshes, "founder", "ann", "bob");
  assert.ok(founder && ann && bob);
  await ann.stop();
  await allMet(founder, bob);
  const { stays, lost } = await founder.remove(ann.self);
  assert.deepEqual([idsOf(stays), lost], [[bob.self], []]);
  await founder.stop();
  const back = await meshes.start("ann");
  assert.match(await back.ended, /was revoked/);
});

Deno.test("only a machine above another one removes it, and nobody the founder's or itself", async () => {
  await using meshes = new TestMeshes();
  const [founder, ann, bob] = await chain(meshes, "founder", "ann", "bob");
  assert.ok(founder && ann && bob);
  const { peer } = await meshes.process("guest", await founder.invite({ role: "member" }));
  await until(ann, () => ann.members().length === 3);
  await assert.rejects(ann.remove(founder.self), /Only the founder's machine/);
  await assert.rejects(ann.remove(peer), /Only the founder's machine/);
  await assert.rejects(bob.remove(ann.self), NotAllowedError);
  await assert.rejects(founder.remove(founder.self), /--leave/);
  await assert.rejects(founder.remove("12D3KooWnobody" as PeerId), UnknownMachineError);
  const { stays } = await ann.remove(bob.self);
  assert.deepEqual(stays, []);
  assert.match(await bob.ended, /was revoked/);
  // It hears of that from ann, as bob does.
  await until(founder, () => !founder.members().some((member) => member.peer === bob.self));
});

Deno.test("a member can neither take another one for itself nor pass for another, and a client certifies nobody", async () => {
  await using meshes = new TestMeshes();
  const [founder, ann] = await meshes.group("founder", "ann");
  assert.ok(founder && ann);
  const mallory = await invited(founder, "member", { mayInvite: true });
  await using raw = await RawNode.start(mallory.key, mallory.credential);
  const ask = async (node: RawNode, kind: "offer" | "own", chain: unknown) => {
    const stream = await node.open(ann, "/mesh-llm/renewal/1");
    const messages = new MessageStream(stream, 2 ** 16);
    await messages.write({ kind, chain });
    await stream.closeWrite();
    return await messages.expect(z.object({ ok: z.boolean(), reason: z.string().default("") }), "");
  };
  const { credential, key: signer } = mallory;
  const [subject, now] = [publicKeyOf(ann.self), Date.now()];
  assert.ok(subject !== undefined);
  const grant = { ...credential.grant };
  const offered = chainToWire(renewMembership({ credential, signer, subject, grant, now }).chain);
  assert.match((await ask(raw, "offer", offered)).reason, /not made by a node by whose invites/);
  assert.deepEqual(await ask(raw, "own", chainToWire(credential.chain)), { ok: true, reason: "" });
  await assert.rejects(ask(raw, "own", offered), "these are of another node");
  const guest = await invited(founder, "client");
  await using client = await RawNode.start(guest.key, guest.credential, "client");
  await assert.rejects(ask(client, "offer", offered));
  await founder.remove(ann.self);
  assert.match(await ann.ended, /was revoked/, "it stood where it stood");
});

Deno.test("a node that stops waits for no machine that it meets before a removal", async () => {
  await using meshes = new TestMeshes();
  const [founder, ann] = await meshes.group("founder", "ann");
  assert.ok(founder && ann);
  const frozen = await meshes.process("bob", await founder.invite({ role: "member" }));
  await Promise.all([founder, ann].map((mesh) => until(mesh, () => mesh.members().length === 2)));
  await founder.standBy();
  frozen.child.kill("SIGSTOP");
  const asked = assert.rejects(founder.removalOf(ann.self), /This node stops/);
  await founder.stop();
  await asked;
});

Deno.test("Removing dials nobody any more once it is stopped, and removes nobody", async () => {
  const dialled = Promise.withResolvers<void>();
  const removing = new Removing({
    network: {
      connect: ({ signal }: { readonly signal: AbortSignal }) => {
        dialled.resolve();
        return raceSignal(new Promise(() => {}), signal);
      },
    },
    mode: () => ({
      passive: true,
      refreshRoutes: () => Promise.resolve(),
      livingPeers: () => Array.from({ length: 3 * RENEWALS_AT_ONCE }, (_, at) => `p${at}`),
      addressesOf: () => [],
    }),
    trust: { prepare: () => assert.fail("it goes on") },
  } as unknown as RemovingParts);
  const asked = assert.rejects(removing.remove("p0"), /This node stops/);
  await dialled.promise;
  removing.stop();
  await asked;
  await assert.rejects(removing.preview("p0"), /This node stops/);
});
