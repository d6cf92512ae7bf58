import "./leak_guard.ts";
import type { Logger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  InvalidTokenError,
  type Mesh,
  NotAllowedError,
  parseToken,
  UdpPortInUseError,
  UnreachableError,
} from "../../src/mesh/mod.ts";
import { parseAddress } from "../../src/mesh/base/addresses.ts";
import { peerIdOf } from "../../src/mesh/base/keys.ts";
import { content } from "./content.ts";
import { TestMeshes, until } from "./test_mesh.ts";

Deno.test("a start that is refused leaves no trace", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.start("founder");
  const bindPort = parseAddress(founder.addresses()[0] ?? "")?.port ?? 0;
  await assert.rejects(meshes.start("b", { bindPort }), UdpPortInUseError);
  const token = (await founder.invite({ role: "member" })).slice(0, -3);
  await assert.rejects(meshes.start("b", { token }), InvalidTokenError);
  const signal = AbortSignal.abort(new Error("Not today"));
  await assert.rejects(meshes.start("b", { signal }), /Not today/);
  assert.throws(() => Deno.statSync(meshes.directory("b")), Deno.errors.NotFound);
});

// The program chose the port, so that another one has it now must not keep this node from its mesh.
Deno.test("a kept UDP port that another program has is replaced, kept again, and found by the mesh", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const kept = portOf(second);
  await second.stop();
  const taken = createSocket("udp4");
  taken.bind(kept, "0.0.0.0");
  await once(taken, "listening");
  const warnings: unknown[] = [];
  const warn = (_text: string, values: unknown) => void warnings.push(values);
  const quiet = () => {};
  const logger = { debug: quiet, info: quiet, error: quiet, warn } as unknown as Logger;
  const moved = await meshes.member("second", { logger });
  const port = portOf(moved);
  assert.notEqual(port, kept);
  assert.deepEqual(warnings, [{ kept, port }]);
  await until(founder, () => founder.members().some(({ peer }) => peer === moved.self));
  await moved.stop();
  taken.close();
  assert.equal(portOf(await meshes.member("second")), port);
});

function portOf(mesh: Mesh): number | undefined {
  return parseAddress(mesh.addresses()[0] ?? "")?.port;
}

Deno.test("a token names this node first, then the living members, and only by who may invite", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const token = await founder.invite({ role: "member", name: "for Ann", mayInvite: false });
  const { addresses, grant } = parseToken(token, Date.now());
  assert.deepEqual(addresses, [...founder.addresses(), ...second.addresses()]);
  assert.equal(grant.name, "for Ann");
  const guest = await meshes.start("guest", { token });
  assert.deepEqual([founder.mayInvite, second.mayInvite, guest.mayInvite], [true, true, false]);
  await assert.rejects(guest.invite({ role: "client" }), NotAllowedError);
});

Deno.test("members talk over protocols of their own; a reset and a missing handler are errors", async () => {
  await using meshes = new TestMeshes();
  const [founder, second] = await meshes.group("founder", "second");
  assert.ok(founder && second);
  const options = { maxStreams: 4 } as const;
  second.handle("/mesh-llm/rpc/1", options, async (stream, peer) => {
    assert.equal(peer.id, founder.self);
    for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
      await stream.write(bytes);
    }
    await stream.closeWrite();
  });
  second.handle("/mesh-llm/file/1", options, async (stream) => {
    await stream.read();
    throw new Error("Broken");
  });
  assert.throws(
    () => second.handle("/mesh-llm/rpc/1", options, () => Promise.resolve()),
    TypeError,
  );
  const echo = await founder.open(second.self, "/mesh-llm/rpc/1");
  await echo.write(new Uint8Array([1, 2]));
  assert.deepEqual(await echo.read(), new Uint8Array([1, 2]));
  await echo.closeWrite();
  assert.equal(await echo.read(), null);
  const broken = await founder.open(second.self, "/mesh-llm/file/1");
  await broken.write(new Uint8Array([1]));
  await assert.rejects(broken.read(), /reset the stream/);
  await assert.rejects(founder.open(second.self, "/test/none/1"), /did not accept a stream/);
  await assert.rejects(
    founder.open(peerIdOf(new Uint8Array(32)), "/mesh-llm/rpc/1"),
    UnreachableError,
  );
});

Deno.test("parts that no other node would accept are left out of an announcement, and nothing ends", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.start("founder");
  founder.announce(content({ wanted: ["../up", "fine"] }));
  assert.deepEqual(founder.routes().wanted, ["fine"]);
  founder.announce(content({ name: "a name \u001b[31mwith\u2029 colours" }));
  assert.equal(founder.routes().nodes[0]?.machine.name, "a name [31mwith colours");
});

Deno.test("stop() may be called twice, also before anybody has come", async () => {
  await using meshes = new TestMeshes();
  const founder = await meshes.start("founder");
  await Promise.all([founder.stop(), founder.stop()]);
  await founder.stop();
  assert.deepEqual(founder.members(), []);
});
