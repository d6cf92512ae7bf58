import assert from "node:assert/strict";
import { join } from "node:path";
import { temporaryFolder } from "../../support/program.ts";
import { leftFiles, processesWith, usedPorts } from "./leftovers.ts";

Deno.test("leftFiles() finds drafts, empty files and the file of a running node, and nothing else", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(join(folder.path, "logs"));
  const kept = ["lock", "mesh.json", "trust-Qm1a.json", "logs/llama-server.log.1"];
  const left = ["children.json.4711", "mesh.json.1f.part", "node.json", "filler"];
  for (const path of [...kept, ...left]) await Deno.writeTextFile(join(folder.path, path), "{}");
  await Deno.writeTextFile(join(folder.path, "logs/rpc-server.log"), "");
  await Deno.writeTextFile(join(folder.path, "started.json"), "");
  const found = await leftFiles(folder.path);
  assert.deepEqual(found.sort(), [...left, "started.json"].sort());
});

Deno.test("usedPorts() finds those on which something listens", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  assert.deepEqual(usedPorts([port]), [port]);
});

Deno.test({
  name: "processesWith() finds a process by what its environment has",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const value = crypto.randomUUID();
    const env = { MESH_LLM_TEST_MARK: value };
    const child = new Deno.Command("sleep", { args: ["60"], env, stdout: "null" }).spawn();
    try {
      const [found, ...more] = await processesWith("MESH_LLM_TEST_MARK", value);
      assert.match(found ?? "", new RegExp(`^${child.pid}: .*sleep 60`));
      assert.deepEqual(more, []);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
    assert.deepEqual(await processesWith("MESH_LLM_TEST_MARK", value), []);
  },
});
