/** A real router is asked to lead a port to a node, and somebody outside reaches it by that alone. */

import assert from "node:assert/strict";
import type { Status } from "../../src/api/mod.ts";
import { parseToken } from "../../src/mesh/trust/token.ts";
import { buildHomeRouter, type HomeRouter } from "../support/home_router.ts";
import { whyNoNamespaces } from "../support/namespaces.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { whyNoPortOpener } from "../support/port_opener.ts";
import { answersExactly, nodeTest, startServing, until } from "./mesh_of_nodes.ts";

const reason = await whyNoNamespaces() ?? await whyNoPortOpener();

function routerTest(name: string, fn: () => Promise<void>): void {
  if (reason !== null) Deno.test.ignore(`${name} (${reason})`, fn);
  else nodeTest(name, fn);
}

async function startAt(
  { namespace, door }: HomeRouter["home"],
  args: readonly string[],
): Promise<NodeProcess> {
  const node = await startServing(args, { lan: true, namespace });
  const [api, console] = [await door.wayTo(node.ready.api), await door.wayTo(node.ready.console)];
  node.ready = { ...node.ready, api, console };
  return node;
}

const state = (wanted: string) => ({ portMapping }: Status) => portMapping?.state === wanted;

for (const speaks of ["NAT-PMP", "UPnP", "UPnP of version 1"] as const) {
  routerTest(`a client outside reaches a node behind a router that speaks ${speaks}`, async () => {
    await using router = await buildHomeRouter({ speaks, address: "45.76.1.1" });
    await using node = await startAt(router.home, ["--model", "guide"]);
    const { portMapping, node: own } = await until(node, "a port of the router", state("mapped"));
    const port = own.addresses[0]?.split("/")[4];
    assert.deepEqual(portMapping, {
      state: "mapped",
      by: speaks.split(" ")[0],
      address: `45.76.1.1:${port}`,
      problem: null,
    });
    assert.match(
      own.addresses[1] ?? "",
      new RegExp(`^/ip4/45.76.1.1/udp/${port}/quic-v1/p2p/`),
    );
    const [lease, ...others] = await router.leases();
    assert.match(lease ?? "", new RegExp(`^UDP:${port}:192.168.1.10:${port}:`));
    assert.deepEqual(others, []);
    await using client = await startAt(router.outside, ["--client", "--join", await tokenOf(node)]);
    await answersExactly(client);
    const reached = ({ peers }: Status) => peers[0]?.reached?.kind === "mapped";
    await until(client, "reached through the router", reached);
    assert.equal((await client.status()).portMapping?.state, "off");
    await node.stop();
    assert.deepEqual(await router.leases(), [], "the port was taken back");
  });
}

/** The one that names the router's address, which may have come after the start. */
async function tokenOf(node: NodeProcess): Promise<string> {
  const names = ({ mesh: { token } }: Status) =>
    token !== null && JSON.stringify(parseToken(token, Date.now())).includes("45.76.1.1");
  const { mesh } = await until(node, "a token that names the router", names);
  return mesh.token ?? "";
}

routerTest(
  "a router with a router before it is told apart, and --no-port-mapping asks none",
  async () => {
    await using router = await buildHomeRouter({ speaks: "NAT-PMP", address: "100.64.7.1" });
    await using node = await startAt(router.home, ["--model", "guide"]);
    const { portMapping, node: own } = await until(
      node,
      "a hidden router",
      (status) => status.portMapping?.state !== "looking",
    );
    assert.notEqual(portMapping?.state, "mapped");
    assert.ok(own.addresses.every((address) => !address.includes("100.64.7.1")));
    await using quiet = await startAt(router.home, ["--model", "guide", "--no-port-mapping"]);
    assert.equal((await quiet.status()).portMapping?.state, "off");
    assert.deepEqual(await router.leases(), []);
  },
);
