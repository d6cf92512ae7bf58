/** Every protocol and every role: who is answered, and by whom. A new protocol needs a row here, and in `PROTOCOLS`. */

import "./leak_guard.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { FILE_PROTOCOL, HTTP_PROTOCOL, RPC_PROTOCOL } from "../../src/node/ends/protocols.ts";
import { SigningKey } from "../../src/mesh/base/keys.ts";
import { PROTOCOLS, rolesOf } from "../../src/mesh/base/protocols.ts";
import { MEMBER_ROLES, type MemberRole } from "../../src/mesh/base/roles.ts";
import { GOSSIP_PROTOCOL } from "../../src/mesh/gossip/gossip.ts";
import { LANE_PROTOCOL } from "../../src/mesh/lane/lane_wire.ts";
import { JOIN_PROTOCOL } from "../../src/mesh/link/join.ts";
import { type Mesh, NotAllowedError, ROUTES_PROTOCOL } from "../../src/mesh/mod.ts";
import { PAIR_PROTOCOL } from "../../src/mesh/pairing/messages.ts";
import { REACH_PROTOCOL } from "../../src/mesh/reach/mod.ts";
import { CLAIM_PROTOCOL } from "../../src/mesh/relay/claim_exchange.ts";
import { RELAY_PROTOCOL } from "../../src/mesh/relay/relay_wire.ts";
import { RENEWAL_PROTOCOL } from "../../src/mesh/renewals.ts";
import { REVOCATIONS_PROTOCOL } from "../../src/mesh/revocation_exchange.ts";
import { extendChain } from "../../src/mesh/trust/capability.ts";
import { invited, RawNode } from "./raw_node.ts";
import { TestMeshes, until } from "./test_mesh.ts";

type Outcome = "answered" | "forbidden" | "unknown";

/** By the role that opens: the outcome at a member, and at a relay. */
const EXPECTED: Record<string, Record<MemberRole, readonly [member: Outcome, relay: Outcome]>> = {
  [GOSSIP_PROTOCOL]: {
    member: ["answered", "unknown"],
    client: ["forbidden", "unknown"],
    relay: ["forbidden", "unknown"],
  },
  [ROUTES_PROTOCOL]: {
    member: ["answered", "unknown"],
    client: ["answered", "unknown"],
    relay: ["forbidden", "unknown"],
  },
  [REVOCATIONS_PROTOCOL]: {
    member: ["answered", "answered"],
    client: ["forbidden", "forbidden"],
    relay: ["forbidden", "forbidden"],
  },
  [RENEWAL_PROTOCOL]: {
    member: ["answered", "answered"],
    client: ["answered", "answered"],
    relay: ["answered", "answered"],
  },
  "/mesh-llm/life/1": {
    member: ["answered", "answered"],
    client: ["answered", "answered"],
    relay: ["answered", "answered"],
  },
  [REACH_PROTOCOL]: {
    member: ["answered", "answered"],
    client: ["answered", "answered"],
    relay: ["forbidden", "forbidden"],
  },
  [RELAY_PROTOCOL]: {
    member: ["answered", "answered"],
    client: ["answered", "answered"],
    relay: ["answered", "answered"],
  },
  [LANE_PROTOCOL]: {
    member: ["answered", "unknown"],
    client: ["forbidden", "unknown"],
    relay: ["forbidden", "unknown"],
  },
  [RPC_PROTOCOL]: {
    member: ["answered", "unknown"],
    client: ["forbidden", "unknown"],
    relay: ["forbidden", "unknown"],
  },
  [HTTP_PROTOCOL]: {
    member: ["answered", "unknown"],
    client: ["answered", "unknown"],
    relay: ["forbidden", "unknown"],
  },
  [FILE_PROTOCOL]: {
    member: ["answered", "unknown"],
    client: ["forbidden", "unknown"],
    relay: ["forbidden", "unknown"],
  },
};

/** Spoken before anybody has a role: every other test of a mesh is one of it. */
const UNPROVEN = [JOIN_PROTOCOL, CLAIM_PROTOCOL, PAIR_PROTOCOL];

const SOURCES = join(import.meta.dirname ?? ".", "../../src");

async function* namedIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* namedIn(path);
    else if (/\.tsx?$/.test(entry.name)) {
      for (const [name] of (await Deno.readTextFile(path)).matchAll(/\/mesh-llm\/[a-z-]+\/\d+/g)) {
        yield name;
      }
    }
  }
}

Deno.test("every protocol that is named anywhere has a row, and a node answers no other", async () => {
  const named = new Set(await Array.fromAsync(namedIn(SOURCES)));
  const rows = [...Object.keys(EXPECTED), ...UNPROVEN].sort();
  assert.deepEqual([...named].sort(), rows);
  assert.deepEqual(Object.keys(PROTOCOLS).sort(), rows);
  for (const name of ["/mesh-llm/new/1", "toString", "__proto__"]) {
    assert.throws(() => rolesOf(name), /Nothing says who may open/);
  }
  await using meshes = new TestMeshes();
  const member = await meshes.member("member");
  const handle = (mesh: Mesh, protocol: string) =>
    mesh.handle(protocol, { maxStreams: 1 }, () => Promise.resolve());
  assert.throws(() => handle(member, "/mesh-llm/new/1"), TypeError);
  const relay = await meshes.start("relay", {
    role: "relay",
    token: await member.invite({ role: "relay" }),
  });
  for (const protocol of [RPC_PROTOCOL, HTTP_PROTOCOL, FILE_PROTOCOL, GOSSIP_PROTOCOL]) {
    assert.throws(() => handle(relay, protocol), /A relay has no part in/);
  }
});

/** Opens a stream, says nothing that anybody understands, and looks at what becomes of it. */
async function knock(as: RawNode, at: Mesh, protocol: string): Promise<Outcome> {
  const { streamsForbidden } = at.counters();
  let outcome: Outcome = "answered";
  try {
    const stream = await as.open(at, protocol);
    await stream.closeWrite();
    for (let bytes = await stream.read(); bytes !== null;) bytes = await stream.read();
  } catch (error) {
    assert.ok(error instanceof Error);
    if (/did not accept a stream/.test(error.message)) outcome = "unknown";
  }
  // The reset comes while the stream opens, or after it.
  return at.counters().streamsForbidden > streamsForbidden ? "forbidden" : outcome;
}

Deno.test("each role opens the protocols that it may, at a member and at a relay", async () => {
  await using meshes = new TestMeshes();
  const member = await meshes.member("member");
  const token = await member.invite({ role: "relay" });
  const relay = await meshes.start("relay", { role: "relay", token });
  const answer = (mesh: Mesh, protocol: string) =>
    mesh.handle(protocol, { maxStreams: 1 }, (stream) => stream.closeWrite());
  for (const protocol of [RPC_PROTOCOL, HTTP_PROTOCOL, FILE_PROTOCOL]) answer(member, protocol);
  for (const [protocol, byRole] of Object.entries(EXPECTED)) {
    for (const role of MEMBER_ROLES) {
      const { key, credential } = await invited(member, role);
      await using raw = await RawNode.start(key, credential, role);
      const outcomes = [await knock(raw, member, protocol), await knock(raw, relay, protocol)];
      assert.deepEqual(outcomes, byRole[role], `${protocol} opened by a ${role}`);
    }
  }
});

Deno.test("a relay is in no list, plan or invite, and neither gossips nor asks for anything", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "relay", name: "vps", mayInvite: true });
  const relay = await meshes.start("relay", { role: "relay", token });
  await using raw = await RawNode.start(...await relayKey(founder));
  await raw.open(second, RENEWAL_PROTOCOL);
  await relay.open(founder.self, RENEWAL_PROTOCOL);
  for (const mesh of [founder, second]) {
    assert.equal(mesh.members().length, 1);
    assert.equal(mesh.routes().nodes.length, 2);
    assert.equal(mesh.clientsConnected(), 0);
  }
  assert.deepEqual([relay.passive, relay.mayInvite, relay.members()], [true, false, []]);
  assert.deepEqual(relay.routes().nodes, []);
  assert.equal(await relay.defaultInvite(), null);
  for (const role of MEMBER_ROLES) await assert.rejects(relay.invite({ role }), NotAllowedError);
  await assert.rejects(relay.open(founder.self, ROUTES_PROTOCOL), /A relay may not open/);
  assert.throws(() => relay.announce({} as never), /A relay announces nothing/);
  await assert.rejects(async () => await relay.rejoin(), /can't join the gossip/);
  assert.equal(founder.counters().streamsForbidden, 0);
});

async function relayKey(mesh: Mesh) {
  const { key, credential } = await invited(mesh, "relay");
  return [key, credential, "relay"] as const;
}

Deno.test("a relay comes as nothing else, nobody else as a relay, and what it certifies is worth nothing", async () => {
  await using meshes = new TestMeshes();
  const member = await meshes.member("member");
  const [key, credential] = await relayKey(member);
  for (const role of ["member", "client"] as const) {
    await using raw = await RawNode.start(key, credential, role);
    await assert.rejects(
      raw.open(member, GOSSIP_PROTOCOL),
      RegExp(`as a relay and comes as a ${role}`),
    );
  }
  const client = await invited(member, "client");
  await using climber = await RawNode.start(client.key, client.credential, "relay");
  await assert.rejects(climber.open(member, RENEWAL_PROTOCOL), /as a client and comes as a relay/);
  const friend = SigningKey.generate();
  const link = { meshKey: credential.meshKey, grant: credential.grant };
  const invite = SigningKey.generate();
  const byIt = extendChain(credential.chain, {
    ...link,
    signer: key,
    subject: invite.publicKey,
    kind: "invite",
  });
  const chain = extendChain(byIt, {
    ...link,
    signer: invite,
    subject: friend.publicKey,
    kind: "node",
  });
  await using brought = await RawNode.start(friend, { ...credential, chain }, "relay");
  await assert.rejects(
    brought.open(member, RENEWAL_PROTOCOL),
    /made by a node that may not invite/,
  );
  for (const role of ["member", "client"] as const) {
    const token = await member.invite({ role: "relay" });
    await assert.rejects(meshes.start(`by ${role}`, { role, token }), /token is for a relay/);
  }
  await assert.rejects(meshes.start("alone", { role: "relay" }), /A relay needs a mesh/);
});

Deno.test("a relay hears what is revoked, stays when its inviter is removed, and goes when it is itself", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.member("founder");
  const ann = await meshes.member("ann", {
    token: await founder.invite({ role: "member", mayInvite: true }),
  });
  await until(founder, () => founder.members().length === 1);
  const bob = await invited(founder);
  const revocable = founder.invites().at(-1)?.id ?? "";
  const relay = await meshes.start("relay", {
    role: "relay",
    token: await ann.invite({ role: "relay", name: "vps" }),
  });
  await relay.open(founder.self, RENEWAL_PROTOCOL);
  await relay.open(ann.self, RENEWAL_PROTOCOL);
  assert.deepEqual((await founder.remove(ann.self)).stays.map(({ id }) => id), [relay.self]);
  assert.match(await ann.ended, /was revoked/);
  await founder.revoke(revocable);
  await using gone = await RawNode.start(bob.key, bob.credential);
  await refusedSoon(gone, relay);
  await founder.remove(relay.self);
  assert.match(await relay.ended, /was revoked/);
});

/** The word is on its way. */
async function refusedSoon(gone: RawNode, relay: Mesh): Promise<void> {
  const refused = await gone.open(relay, RENEWAL_PROTOCOL).then(() => false, (error) => {
    assert.match(error.message, /its invite was revoked/);
    return true;
  });
  if (!refused) await refusedSoon(gone, relay);
}
