import assert from "node:assert/strict";
import { testBinDir } from "../support/engine.ts";
import { startNode } from "../support/node_process.ts";
import { programCommand, runProgram, temporaryFolder } from "../support/program.ts";

Deno.test("serve, ps, logs and stop act on the running node, and logs -f outlives its restart", async () => {
  await using folder = await temporaryFolder();
  const dataDir = `${folder.path}/data`;
  const args = ["--model", "guide", "--bin-dir", await testBinDir()];
  const ask = (...words: string[]) => runProgram([...words, "--data-dir", dataDir]);
  for (const words of [["ps"], ["logs"], ["stop"], ["serve", "guide"]]) {
    const { code, stderr } = await ask(...words);
    assert.equal(code, 1, words.join(" "));
    assert.match(stderr, /No node is running on .*: start one with mesh-llm console/);
  }
  await using first = await startNode({ dataDir, args });
  await first.serving("guide");
  const ps = await ask("ps");
  assert.match(ps.stdout, /^MODEL +MACHINE .*\nguide +\S+ +ready +\d+ /, ps.stderr);
  assert.equal((await ask("drop", "guide")).code, 0);
  assert.match((await ask("ps")).stdout, /^Nothing runs: mesh-llm serve NAME/);
  const since = first.lines.length;
  assert.match((await ask("serve", "guide")).stdout, /^This node serves guide/);
  assert.match(
    (await ask("serve", "gone")).stderr,
    /There is no model gone on this machine's disk/,
  );
  await first.serving("guide", { since });

  const command = ["logs", "-f", "--json", "--data-dir", dataDir];
  const follower = programCommand(command, {}, folder.path).spawn();
  const lines = follower.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  const until = async (wanted: RegExp) => {
    while (!wanted.test(seen)) {
      const { value, done } = await lines.read();
      assert.ok(!done, seen);
      seen += value;
    }
  };
  await until(/"log":null,"line":".*Ready/);
  await until(/"log":"llama-server","line":"guide: /);
  const stopped = await ask("stop");
  assert.deepEqual(stopped, {
    code: 0,
    stdout: `The node with pid ${first.pid} has stopped\n`,
    stderr: "",
  });
  assert.equal(await first.exited, 0);
  assert.equal((await ask("stop")).code, 1);
  seen = "";
  await using _second = await startNode({ dataDir, args });
  await until(/"log":null,"line":".*Ready/);
  follower.kill("SIGTERM");
  const [told] = await Promise.all([
    new Response(follower.stderr).text(),
    lines.cancel(),
    follower.status,
  ]);
  assert.equal(told, "The node does not answer any more: waiting until one does\n");
});

Deno.test("serve without a model says how a node is started", async () => {
  const { code, stderr } = await runProgram(["serve"]);
  assert.equal(code, 2);
  assert.match(stderr, /A node is started by mesh-llm console/);
});

Deno.test("ls and pull are other names of models and download", async () => {
  const [models, ls] = await Promise.all([runProgram(["models"]), runProgram(["ls"])]);
  assert.equal(ls.stdout, models.stdout);
  assert.match((await runProgram(["pull", "--help"])).stdout, /^Usage: mesh-llm download\|pull /);
});
