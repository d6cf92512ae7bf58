import assert from "node:assert/strict";
import { join } from "node:path";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { engineProcesses } from "../support/processes.ts";
import { answersExactly, nodeTest, startServing } from "./mesh_of_nodes.ts";

const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url);

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

nodeTest(
  "what the user said of a model holds over restarts, until --model says otherwise",
  async () => {
    await using folder = await temporaryFolder();
    const [models, dataDir] = [join(folder.path, "models"), join(folder.path, "data")];
    await Deno.mkdir(models);
    for (const name of ["x", "y"]) await Deno.copyFile(GUIDE, join(models, `${name}.gguf`));
    const start = (...args: string[]) =>
      startServing([...args, "--models-dir", models], { dataDir });
    const run = (...args: string[]) => runProgram([...args, "--data-dir", dataDir]);
    {
      await using first = await start("--model", "x");
      await first.serving("x");
      assert.equal((await run("drop", "x")).code, 0);
    }
    {
      await using second = await start("--model", "x");
      const warning = await second.waitFor(({ message }) => /dropped here/.test(String(message)));
      assert.equal(warning.level, "warning");
      assert.equal((await second.status()).node.model, null);
      assert.equal((await run("drop", "x", "--undo")).code, 0);
      await second.serving("x");
      const chosen = await fetch(`${second.ready.console}/api/models/y/serve`, { method: "POST" });
      assert.deepEqual(await chosen.json(), { model: "y" });
      await second.serving("y");
    }
    {
      await using third = await start();
      await third.serving("y");
      assert.match((await run("status")).stdout, /^y +ready .* its user chose it here on 20/m);
      await answersExactly(third, "y");
    }
    await using fourth = await start("--model", "guide");
    await fourth.serving("guide");
    assert.match(
      (await run("status")).stdout,
      /^guide +ready .* --model or config\.toml names it/m,
    );
  },
);
