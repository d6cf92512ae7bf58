import assert from "node:assert/strict";
import { Crowd } from "../../scripts/load/crowd.ts";
import { nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const CLIENTS = Number(Deno.env.get("MESH_LLM_TEST_CLIENTS") ?? 100);

nodeTest(
  `${CLIENTS} clients are in nobody's list, and each is answered when a host is killed`,
  async () => {
    await using first = await startServing(["--model", "guide"]);
    await using second = await startServing(["--model", "guide", "--join", first.token]);
    await until(
      first,
      "two replicas",
      ({ models }) => models[0]?.instances.filter(({ state }) => state === "warm").length === 2,
    );
    await using crowd = await Crowd.start({ token: first.token, processes: 2 });
    assert.deepEqual((await crowd.join(CLIENTS)).failures, []);
    assert.deepEqual((await crowd.each("ask", CLIENTS)).failures, []);
    for (const node of [first, second]) {
      const { peers, tunnels, node: { clientsConnected } } = await node.status();
      assert.equal(peers.length, 1);
      assert.ok(tunnels.length <= 1, "nothing is kept of a client");
      assert.ok(clientsConnected > 0);
    }
    first.kill("SIGKILL");
    await first.exited;
    const { ms, failures } = await crowd.each("ask", CLIENTS);
    assert.deepEqual(failures, []);
    assert.equal(ms.length, CLIENTS);
    assert.ok(warm("guide")(await second.status()));
  },
);
