import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { unlessMissing } from "../../src/base/unless_missing.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { testBinDir } from "../support/engine.ts";
import { startNode } from "../support/node_process.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { openTerminal } from "../support/terminal.ts";

/** A model's file, and where a node of this data directory looks for it. */
async function writeModel(dataDir: string, name: string): Promise<string> {
  const path = join(dataDir, "models", "org", `${name}.gguf`);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.copyFile(GUIDE, path);
  return path;
}

const exists = async (path: string) => Boolean(await unlessMissing(Deno.lstat(path)));

Deno.test("rm removes a model where no node runs", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const rm = (...words: string[]) => runProgram(["rm", ...words, "--data-dir", dataDir]);
  const path = await writeModel(dataDir, "small");
  const unasked = await rm("small");
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /rm asks before it removes files, .*: add --yes/);
  const table: [string, RegExp][] = [
    ["absent", /There is no model absent on this machine's disk/],
    ["guide", /guide comes with mesh-llm/],
  ];
  for (const [model, words] of table) {
    const { code, stdout, stderr } = await rm(model, "--yes");
    if (model === "absent") assert.deepEqual(await rm(model), { code, stdout, stderr });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /bug/);
  }
  const elsewhere = join(folder.path, "elsewhere");
  const other = await rm("small", "--yes", "--models-dir", elsewhere);
  assert.equal(other.code, 1, other.stderr);
  assert.equal(await exists(path), true);
  const { size: sizeBytes } = await Deno.stat(path);
  const { code, stdout } = await rm("small", "--yes", "--json");
  assert.deepEqual([code, JSON.parse(stdout)], [0, { model: "small", sizeBytes }]);
  assert.equal(await exists(dirname(path)), false, "the empty folder goes with it");
});

Deno.test("rm, ls and pull look where config.toml says, where no node runs", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const small = await writeModel(dataDir, "small");
  const own = join(folder.path, "own");
  await Deno.mkdir(own);
  const large = join(own, "large.gguf");
  await Deno.copyFile(GUIDE, large);
  const config = join(dataDir, "config.toml");
  await Deno.writeTextFile(config, `models-dir = "${own}"\n`, { mode: 0o600 });
  const ask = (...words: string[]) => runProgram([...words, "--data-dir", dataDir]);
  assert.match((await ask("ls")).stdout, /^large /m);
  const other = await ask("rm", "small", "--yes");
  assert.match(other.stderr, /does not lie in the models folder of this node/);
  assert.deepEqual(await ask("rm", "large", "--yes"), {
    code: 0,
    stdout: "Removed large (1.5 MB)\n",
    stderr: "",
  });
  assert.deepEqual([await exists(large), await exists(small)], [false, true]);
  await Deno.remove(own);
  for (const words of [["ls"], ["pull", "https://hub.invalid/mine.gguf"], ["plan", "small"]]) {
    const { code, stderr } = await ask(...words);
    assert.deepEqual([code, stderr.includes(own)], [1, true], stderr);
  }
  assert.equal((await ask("ls", "--models-dir", folder.path)).code, 0, "the flag wins");
});

Deno.test("token remove looks for a node before it asks for --yes", async () => {
  await using folder = await temporaryFolder();
  const remove = ["token", "remove", "nobody", "--data-dir", join(folder.path, "data")];
  assert.match((await runProgram(remove)).stderr, /No node is running/);
});

Deno.test("rm asks in a terminal, and takes only a yes", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const path = await writeModel(dataDir, "small");
  for (
    const [typed, isRemoved] of [["\r", false], ["yeah\r", false], ["\x04", false], [
      "y\r",
      true,
    ]] as const
  ) {
    await using terminal = openTerminal(["rm", "small", "--data-dir", dataDir], folder.path);
    await terminal.until(/Remove small \(1\.5 MB\) from this machine's disk\? \[y\/N\] /);
    terminal.type(typed);
    await terminal.until(isRemoved ? /Removed small \(1\.5 MB\)/ : /Nothing was removed/);
    assert.deepEqual(
      [await terminal.exited(), await exists(path)],
      isRemoved ? [0, false] : [1, true],
    );
  }
});

Deno.test("rm asks the running node, which keeps what it serves", async () => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const path = await writeModel(dataDir, "small");
  const ask = (...words: string[]) => runProgram([...words, "--data-dir", dataDir]);
  await using node = await startNode({
    dataDir,
    args: ["--model", "small", "--bin-dir", await testBinDir()],
  });
  await node.serving("small");
  const served = await ask("rm", "small", "--yes");
  assert.equal(served.code, 1);
  assert.match(served.stderr, /small is served here: `mesh-llm drop small` ends that/);
  const elsewhere = await ask("rm", "small", "--yes", "--models-dir", folder.path);
  assert.equal(elsewhere.code, 2);
  assert.match(elsewhere.stderr, /removes models of its own folder only/);
  assert.equal((await ask("drop", "small")).code, 0);
  assert.equal(await exists(path), true);
  const removed = await ask("rm", "small", "--yes");
  assert.deepEqual(removed, { code: 0, stdout: "Removed small (1.5 MB)\n", stderr: "" });
  assert.equal(await exists(path), false);
  assert.doesNotMatch((await ask("ls")).stdout, /small/);
});
