import "../mesh/leak_guard.ts";
import assert from "node:assert/strict";
import { MESH_DEFAULTS } from "../../src/mesh/config.ts";
import type { Mesh } from "../../src/mesh/mod.ts";
import { type PeerStream, TunnelCounts } from "../../src/tunnel/mod.ts";
import { freePort } from "../mesh/lane/free_port.ts";
import { Mailbox } from "../mesh/quic/mailbox.ts";
import { TestMeshes, until } from "../mesh/test_mesh.ts";
import { pattern } from "./tcp_pair.ts";

const RPC = "/mesh-llm/rpc/1";
/** Less than a frame of the lane, a record of TLS, and more than both. */
const SIZES = [1, 16_384, 200_001];

/** A member and the counts of its tunnels. */
interface Node {
  readonly mesh: Mesh;
  readonly counts: TunnelCounts;
}

async function pairOf(meshes: TestMeshes, wideLane: boolean): Promise<[Node, Node]> {
  const config = { ...MESH_DEFAULTS, lan: false, portMapping: false, wideLane };
  const one = await meshes.member("one", { config: { ...config, bindPort: freePort() } });
  const token = await one.invite({ role: "member" });
  const join = { ...config, join: token, bindPort: freePort() };
  const other = await meshes.member("other", { config: join });
  await Promise.all([one, other].map((mesh) => until(mesh, () => mesh.members().length === 1)));
  return [{ mesh: one, counts: new TunnelCounts() }, { mesh: other, counts: new TunnelCounts() }];
}

async function readAll(stream: PeerStream): Promise<number> {
  let length = 0;
  for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) {
    length += bytes.length;
    stream.recycle?.(bytes);
  }
  return length;
}

/** Says all, reads all, and ends. @returns the bytes that were read */
async function talk(stream: PeerStream, times: number): Promise<number> {
  const said = (async () => {
    for (const size of SIZES) {
      for (let time = 0; time < times; time++) await stream.write(pattern(size));
    }
    await stream.closeWrite();
  })();
  const read = await readAll(stream);
  await said;
  return read;
}

for (const way of ["tcp", "quic"] as const) {
  Deno.test(`what both ends count of a stream by ${way} is what was said on it`, async () => {
    await using meshes = new TestMeshes();
    const [one, other] = await pairOf(meshes, way === "tcp");
    const ended = new Mailbox<number>();
    other.mesh.handle(RPC, { maxStreams: 4 }, async (stream, { id }) => {
      ended.put(await talk(other.counts.count(stream, id, "rpc"), 2));
    });
    const open = one.counts.counting(
      (_, signal) => one.mesh.open(other.mesh.self, RPC, { signal }),
      "rpc",
    );
    let streams = 0;
    const signal = new AbortController().signal;
    const [there, back] = [3, 2].map((times) => times * SIZES.reduce((sum, size) => sum + size));
    // A machine that is busy lets the first streams go over QUIC: those are counted as well.
    do {
      assert.equal(await talk(await open(other.mesh.self, signal), 3), back);
      assert.equal(await ended.take(), there);
      streams++;
    } while (one.mesh.streamWay(other.mesh.self) !== way);
    const [near] = one.counts.snapshot();
    const [far] = other.counts.snapshot();
    assert.deepEqual([near?.streams, far?.streams], [0, 0]);
    assert.deepEqual([near?.bytesSent, near?.bytesReceived], [streams * there!, streams * back!]);
    assert.deepEqual([far?.bytesSent, far?.bytesReceived], [streams * back!, streams * there!]);
  });
}
