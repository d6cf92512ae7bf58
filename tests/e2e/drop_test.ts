import assert from "node:assert/strict";
import { runProgram } from "../support/program.ts";
import { engineProcesses } from "../support/processes.ts";
import { answersExactly, nodeTest, startServing } from "./mesh_of_nodes.ts";

nodeTest(
  "drop frees the model's memory, and the node serves it again when it is asked",
  async () => {
    await using node = await startServing(["--model", "guide"]);
    await node.serving("guide");
    const args = ["drop", "guide", "--data-dir", node.dataDir];
    const { code, stderr } = await runProgram(args);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await engineProcesses(node.pid, "llama-server"), []);
    assert.equal((await node.status()).node.role, "standby");
    const again = await runProgram(args);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /does not serve guide/);
    const since = node.lines.length;
    const route = (name: string) => `${node.ready.console}/api/models/${name}/serve`;
    const unknown = await fetch(route(encodeURIComponent("../guide")), { method: "POST" });
    assert.equal(unknown.status, 404);
    await unknown.body?.cancel();
    const served = await fetch(route("guide"), { method: "POST" });
    assert.deepEqual(await served.json(), { model: "guide" });
    await node.serving("guide", { since });
    await answersExactly(node);
  },
);
