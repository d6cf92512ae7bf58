import assert from "node:assert/strict";
import { testBinDir } from "../support/engine.ts";
import { startNode } from "../support/node_process.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";

Deno.test("settings shows and changes what the running node does with a model", async () => {
  await using folder = await temporaryFolder();
  const dataDir = `${folder.path}/data`;
  const ask = (...words: string[]) => runProgram(["settings", ...words, "--data-dir", dataDir]);
  assert.match((await ask("guide")).stderr, /No node is running/);
  assert.equal((await ask("guide", "ctx")).code, 2);
  assert.equal((await ask("guide", "ctx=1", "--reset")).code, 2);
  await using node = await startNode({
    dataDir,
    args: ["--model", "guide", "--bin-dir", await testBinDir()],
  });
  await node.serving("guide");
  const shown = await ask("guide", "ctx=512", "aliases=helper,default", "args=--temp 0");
  assert.deepEqual([shown.code, shown.stderr], [0, ""]);
  assert.match(
    shown.stdout,
    /^SETTING +VALUE +FROM\nctx +512 +changed\nparallel +auto +configured\n/,
  );
  assert.match(shown.stdout, /^aliases +helper, default +changed$/m);
  assert.match(shown.stdout, /\n\nguide is loaded anew on \S.* once its answers have ended\n$/);
  const renamed = JSON.parse((await ask("guide", "idle_unload=1h", "--json")).stdout);
  assert.deepEqual([renamed.reloads, renamed.elsewhere], [[], []]);
  await ask("guide", "idle_unload=");
  const { changed, reloads } = JSON.parse((await ask("guide", "args=", "--json")).stdout);
  assert.equal(reloads.length, 1);
  assert.deepEqual(changed, { ctx: 512, aliases: ["helper", "default"] });
  for (
    const [word, sentence] of [
      ["ctx=many", /ctx must be a whole number of tokens/],
      ["color=red", /There is no setting "color": the settings of a model are ctx, /],
      ["args=--log-file /tmp/x", /args --log-file is refused/],
    ] as const
  ) {
    const refused = await ask("guide", word);
    assert.equal(refused.code, 1, word);
    assert.match(refused.stderr, sentence);
  }
  assert.match(
    (await ask("nobody", "ctx=1")).stderr,
    /There is no model nobody that this node knows/,
  );
  assert.deepEqual(JSON.parse((await ask("guide", "--reset", "--json")).stdout).changed, {});
});
