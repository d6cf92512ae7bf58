/** Nodes find each other on a local network. Each machine has three interfaces, and two of them lead nowhere. */

import { LAN_ASK_AGAIN_MS } from "../../src/mesh/lan/defaults.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { compiledProgram } from "../support/compiled.ts";
import { startHelper } from "../support/helper_program.ts";
import { buildOneNetwork } from "../support/one_network.ts";
import { temporaryFolder } from "../support/program.ts";
import { until } from "./mesh_of_nodes.ts";
import { GUIDE, networkTest, sees, startOn } from "./nodes_on_network.ts";

const compiled = await compiledProgram();

/** A machine is seen by the first question of its start: before it asks for the second time, a second later. */
const SEEN_MS = LAN_ASK_AGAIN_MS;

networkTest(
  "two meshes of one name see each other at their start, and are told apart",
  async () => {
    await using network = await buildOneNetwork(2);
    const [here, there] = network.machines;
    await using first = await startOn(here!, GUIDE, { name: "studio" });
    // The executable finds others as well, from an empty folder.
    await using folder = await temporaryFolder();
    const alone = join(folder.path, "mesh-llm");
    if (compiled.path !== null) await Deno.copyFile(compiled.path, alone);
    const program = compiled.path === null ? {} : { compiled: alone, cwd: folder.path };
    await using second = await startOn(there!, GUIDE, { name: "studio", ...program });
    const ready = await second.waitFor("ready");
    for (const node of [first, second]) {
      const seen = await node.waitFor("lan");
      const afterMs = Date.parse(seen.time) - Date.parse(ready.time);
      assert.ok(afterMs <= SEEN_MS, `seen after ${afterMs} ms`);
    }
    const { lan: one } = await until(first, "seeing the other", sees(1));
    const { lan: two } = await until(second, "seeing the other", sees(1));
    assert.notEqual(one?.mesh?.shortId, two?.mesh?.shortId);
    for (const [seen, mesh, address] of [[one, two, there], [two, one, here]] as const) {
      assert.deepEqual(seen?.meshes.map(({ name, shortId }) => ({ name, shortId })), [mesh?.mesh]);
      assert.match(seen?.meshes[0]?.addresses[0] ?? "", new RegExp(`^${address!.address}:\\d+$`));
      assert.deepEqual([seen?.problem, seen?.peers], [null, []]);
    }
    await second.stop();
    await until(first, "alone again", sees(0));
  },
);

networkTest(
  "members that all return to other ports find each other, and strangers learn no more than a name",
  async () => {
    await using network = await buildOneNetwork(3);
    const [here, there, elsewhere] = network.machines;
    await using folder = await temporaryFolder();
    const [hostDir, workerDir] = ["host", "worker"].map((name) => join(folder.path, name));
    {
      await using host = await startOn(here!, GUIDE, { name: "studio", dataDir: hostDir! });
      const join = ["--join", host.token];
      await using worker = await startOn(there!, join, { name: "mini", dataDir: workerDir! });
      await until(host, "two machines", ({ peers }) => peers.length === 1);
      await worker.stop();
      await host.stop();
    }
    const heard = join(folder.path, "heard");
    const listening = [elsewhere!.address, heard, "listen"];
    await using _listener = await startHelper(elsewhere!.namespace, "lan_stranger.ts", listening);
    const ports = ["4998", "4999"].map((port) => ["--bind-port", port]);
    await using worker = await startOn(there!, ports[0]!, { name: "mini", dataDir: workerDir! });
    const again = { name: "studio", dataDir: hostDir! };
    await using host = await startOn(here!, [...GUIDE, ...ports[1]!], again);
    const joined = await until(
      worker,
      "with the host",
      ({ peers, lan }) => peers.length === 1 && lan?.peers.length === 1,
    );
    const address = `/ip4/${here!.address}/udp/4999/quic-v1/p2p/${host.ready.node}`;
    assert.deepEqual(joined.lan?.peers, [{ id: host.ready.node, addresses: [address] }]);
    assert.deepEqual(joined.lan?.meshes, []);
    const { lan, mesh } = await until(
      host,
      "seen as one mesh",
      ({ lan }) => lan?.mesh?.name === joined.lan?.mesh?.name,
    );
    const texts = (await Deno.readTextFile(heard)).trim().split("\n").map((line) =>
      new TextDecoder("latin1").decode(Uint8Array.fromHex(line.split(" ")[1] ?? ""))
    );
    assert.ok(texts.some((text) => text.includes(`mesh=${lan?.mesh?.name}`)));
    const secrets = [host.ready.node, worker.ready.node, mesh.id, "guide", joined.version];
    for (const secret of secrets) assert.ok(texts.every((text) => !text.includes(secret)), secret);
  },
);

networkTest("a client and --no-lan say nothing; a client hears where the mesh is", async () => {
  await using network = await buildOneNetwork(4);
  const [here, there, third, elsewhere] = network.machines;
  await using folder = await temporaryFolder();
  const heard = join(folder.path, "heard");
  const listening = [elsewhere!.address, heard, "listen"];
  await using _listener = await startHelper(elsewhere!.namespace, "lan_stranger.ts", listening);
  await using host = await startOn(here!, GUIDE, { name: "studio" });
  await using quiet = await startOn(third!, GUIDE, { name: "quiet", lan: false });
  await using client = await startOn(there!, ["--client", "--join", host.token], { name: "ann" });
  const { lan } = await until(client, "hearing the host", ({ lan }) => lan?.peers.length === 1);
  assert.equal(lan?.state, "listening");
  assert.equal(lan?.mesh, null);
  assert.equal((await quiet.status()).lan?.state, "off");
  assert.deepEqual((await host.status()).lan?.meshes, []);
  const senders = (await Deno.readTextFile(heard)).trim().split("\n").map((line) =>
    line.split(" ")[0]
  );
  assert.deepEqual([...new Set(senders)].sort(), [here!.address, elsewhere!.address]);
});

networkTest("nonsense, odd names and a copy of its data directory leave a node well", async () => {
  await using network = await buildOneNetwork(3);
  const [here, there, elsewhere] = network.machines;
  await using folder = await temporaryFolder();
  const [own, copy, sent] = ["own", "copy", "sent"].map((name) => join(folder.path, name));
  await using node = await startOn(here!, GUIDE, { name: "studio", dataDir: own! });
  await Deno.mkdir(copy!);
  for (const name of ["identity.json", "mesh.json"]) {
    await Deno.copyFile(join(own!, name), join(copy!, name));
  }
  const second = await startOn(there!, GUIDE, { name: "studio", dataDir: copy! });
  await using _second = second;
  await node.waitFor(({ message }) => /copy of this one's data directory runs at/.test(message));
  const flooding = [elsewhere!.address, sent!, "flood"];
  await using _flood = await startHelper(elsewhere!.namespace, "lan_stranger.ts", flooding);
  const { lan, peers } = await until(node, "hearing the flood", sees(4));
  assert.deepEqual(peers, []);
  assert.deepEqual(lan?.peers, []);
  for (const { name, machines } of lan?.meshes ?? []) {
    assert.match(name, /^script\d+\/script\[31m$/);
    assert.equal(machines, 1);
  }
  assert.ok(node.lines.filter(({ event }) => event === "lan").length <= 16);
});
