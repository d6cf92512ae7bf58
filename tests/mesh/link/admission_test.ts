import "../leak_guard.ts";
import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { Admission } from "../../../src/mesh/link/admission.ts";
import { extendChain } from "../../../src/mesh/trust/capability.ts";
import { systemClock } from "../../../src/mesh/base/clock.ts";
import { Counters } from "../../../src/mesh/base/counters.ts";
import { MAX_PENDING_JOINS } from "../../../src/mesh/base/defaults.ts";
import { RefusedError } from "../../../src/mesh/base/errors.ts";
import type { JoinSelf } from "../../../src/mesh/link/join.ts";
import { SigningKey } from "../../../src/mesh/base/keys.ts";
import { startLibp2p } from "../../../src/mesh/link/libp2p.ts";
import type { PeerId } from "../../../src/mesh/mod.ts";
import type {
  ConnectionListener,
  Network,
  PeerConnection,
} from "../../../src/mesh/link/network.ts";
import { GOSSIP, invited, RawNode } from "../raw_node.ts";
import { TestMeshes } from "../test_mesh.ts";

Deno.test("a node of another mesh is refused, and told why", async () => {
  await using meshes = new TestMeshes();
  const here = await meshes.member("here");
  const there = await meshes.member("there");
  const { key, credential } = await invited(there);
  await using stranger = await RawNode.start(key, credential);
  await assert.rejects(stranger.open(here, GOSSIP), (error: Error) => {
    assert.ok(error instanceof RefusedError);
    assert.ok(error.message.includes(here.meshId) && error.message.includes(there.meshId));
    return true;
  });
});

Deno.test("credentials of another node, above their grant or badly signed are refused", async () => {
  await using meshes = new TestMeshes();
  const member = await meshes.member("member");
  const { key, credential } = await invited(member);
  const thief = await RawNode.start(SigningKey.generate(), credential);
  await assert.rejects(thief.open(member, GOSSIP), /belongs to another node/);
  const client = await invited(member, "client");
  const climber = await RawNode.start(client.key, client.credential, "member");
  await assert.rejects(climber.open(member, GOSSIP), /invited as a client and comes as a member/);
  const chain = extendChain(credential.chain.slice(0, -1), {
    meshKey: credential.meshKey,
    signer: key,
    subject: key.publicKey,
    kind: "node",
    grant: credential.grant,
  });
  const forger = await RawNode.start(key, { ...credential, chain });
  await assert.rejects(forger.open(member, GOSSIP), /signature of certificate \d is wrong/);
  for (const node of [thief, climber, forger]) await node[Symbol.asyncDispose]();
});

Deno.test("nothing is answered to a node that does not join", async () => {
  await using meshes = new TestMeshes();
  const member = await meshes.member("member");
  let opened = false;
  member.handle("/mesh-llm/http/1", { maxStreams: 1 }, () => {
    opened = true;
    return Promise.resolve();
  });
  const network = await startLibp2p(SigningKey.generate());
  const signal = new AbortController().signal;
  const target = { peer: member.self, addresses: member.addresses(), signal };
  const connection = await network.dial(target);
  const stream = await connection.openStream("/mesh-llm/http/1", signal);
  await stream.write(new Uint8Array([1]));
  // The stream's wait and the join's time end together: one of them cuts it off.
  await assert.rejects(stream.read(), /reset the stream|connection to the peer was lost/);
  assert.equal(opened, false);
  await network.stop();
});

Deno.test("beyond the cap the oldest of the unproven connections yields, and a place is free again when one is gone", () => {
  let listener: ConnectionListener | undefined;
  const network: Network = {
    listen: (given) => listener = given,
    handle: () => {},
    dial: () => Promise.reject(new Error("Not used")),
    stop: () => Promise.resolve(),
  };
  new Admission({
    network,
    self: {} as JoinSelf,
    clock: systemClock,
    counters: new Counters(),
    logger: getLogger("test"),
  });
  assert.ok(listener);
  const { opened, closed } = listener;
  const aborted: number[] = [];
  const connection = (i: number): PeerConnection => ({
    id: `${i}`,
    peer: `peer ${i}` as PeerId,
    direction: "inbound",
    openedAtMs: i,
    remoteAddress: "",
    isOpen: true,
    streams: 0,
    openStream: () => Promise.reject(new Error("Not used")),
    drain: () => Promise.reject(new Error("Not used")),
    abort: () => aborted.push(i),
  });
  const all = Array.from({ length: MAX_PENDING_JOINS + 2 }, (_, i) => connection(i));
  for (const one of all.slice(0, -1)) opened(one);
  assert.deepEqual(aborted, [0]);
  all.slice(0, 2).forEach(closed);
  all.slice(-1).forEach(opened);
  assert.deepEqual(aborted, [0]);
  all.forEach(closed);
});
