import "../leak_guard.ts";
import assert from "node:assert/strict";
import { MESH_DEFAULTS } from "../../../src/mesh/config.ts";
import type { ByteStream, Mesh } from "../../../src/mesh/mod.ts";
import { freePort } from "./free_port.ts";
import { Mailbox } from "../quic/mailbox.ts";
import { readAll } from "../quic/bytes.ts";
import { TestMeshes, until } from "../test_mesh.ts";

const RPC = "/mesh-llm/rpc/1";
const HTTP = "/mesh-llm/http/1";

const NARROW = {
  ...MESH_DEFAULTS,
  lan: false,
  portMapping: false,
  wideLane: false,
};

function answers(mesh: Mesh): Mailbox<ByteStream> {
  const streams = new Mailbox<ByteStream>();
  for (const protocol of [RPC, HTTP]) {
    mesh.handle(protocol, { maxStreams: 4 }, async (stream) => {
      streams.put(stream);
      await stream.write(await readAll(stream));
      await stream.closeWrite();
    });
  }
  return streams;
}

async function pairOf(meshes: TestMeshes): Promise<[Mesh, Mesh]> {
  const one = await meshes.member("one", { bindPort: freePort() });
  const token = await one.invite({ role: "member" });
  const other = await meshes.member("other", { token, bindPort: freePort() });
  await Promise.all([one, other].map((mesh) => until(mesh, () => mesh.members().length === 1)));
  return [one, other];
}

async function echo(from: Mesh, to: Mesh, protocol: string): Promise<void> {
  const stream = await from.open(to.self, protocol);
  await stream.write(Uint8Array.of(1, 2, 3));
  await stream.closeWrite();
  assert.deepEqual(await readAll(stream), Uint8Array.of(1, 2, 3));
}

/** A machine that is busy lets the first streams go over QUIC. */
async function echoByTcp(from: Mesh, to: Mesh): Promise<void> {
  do await echo(from, to, RPC); while (from.streamWay(to.self) !== "tcp");
}

Deno.test("members send what is large by TCP, and say so at both ends; HTTP stays on QUIC", async () => {
  await using meshes = new TestMeshes();
  const [one, other] = await pairOf(meshes);
  answers(other);
  await echo(one, other, HTTP);
  assert.equal(one.streamWay(other.self), undefined);
  await echoByTcp(one, other);
  assert.equal(other.streamWay(one.self), "tcp");
});

Deno.test("where either has no lane the same goes over QUIC", async () => {
  await using meshes = new TestMeshes();
  const wide = await meshes.member("wide");
  const token = await wide.invite({ role: "member" });
  const narrow = await meshes.member("narrow", { config: { ...NARROW, join: token } });
  await Promise.all([wide, narrow].map((mesh) => until(mesh, () => mesh.members().length === 1)));
  for (const [from, to] of [[wide, narrow], [narrow, wide]] as const) {
    answers(to);
    await echo(from, to, RPC);
    assert.equal(from.streamWay(to.self), "quic");
    assert.equal(to.streamWay(from.self), "quic");
  }
});

Deno.test("a member that goes ends the streams of both ways at once", async () => {
  await using meshes = new TestMeshes();
  const [one, other] = await pairOf(meshes);
  answers(other);
  await echoByTcp(one, other);
  const stream = await one.open(other.self, RPC);
  await stream.write(Uint8Array.of(1));
  const reading = assert.rejects(() => readAll(stream));
  await other.stop();
  await reading;
});
