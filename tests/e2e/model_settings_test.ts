import assert from "node:assert/strict";
import { join } from "node:path";
import { tempDir } from "../models/temp_dir.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

nodeTest("a model has settings of its own, and what llama-server refuses gives way", async () => {
  await using dir = await tempDir();
  const dataDir = join(dir.path, "data");
  await Deno.mkdir(dataDir, { mode: 0o700 });
  await Deno.writeTextFile(
    join(dataDir, "config.toml"),
    '[model."guide"]\npin = true\nctx = 512\nargs = ["--cache-type-k", "nonsense"]\n',
    { mode: 0o600 },
  );
  await using node = await startServing([], { dataDir });
  const { models } = await until(node, "serving guide", warm("guide"));
  const [instance] = models.find(({ name }) => name === "guide")?.instances ?? [];
  assert.equal(instance?.contextLength, 512);
  assert.match(
    instance?.notes?.join() ?? "",
    /^The args of guide are refused \(.*cache.*\): it is served without args/i,
  );
  await answersExactly(node);
});

nodeTest("a device that this machine lacks ends the start by its name", async () => {
  await using dir = await tempDir();
  const dataDir = join(dir.path, "data");
  await Deno.mkdir(dataDir, { mode: 0o700 });
  await Deno.writeTextFile(
    join(dataDir, "config.toml"),
    '[model."guide"]\npin = true\ndevice = ["NONE7"]\n',
    { mode: 0o600 },
  );
  await assert.rejects(
    startServing([], { dataDir }),
    /config\.toml: \[model\."guide"\]: device: this machine does not have NONE7/,
  );
});
