import assert from "node:assert/strict";
import { join } from "node:path";
import { temporaryFolder } from "../support/program.ts";
import { compiledProgram } from "../support/compiled.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const compiled = await compiledProgram();

/** Ignored where no base executable for `deno compile` can be had. */
const compiledTest = compiled.path === null
  ? (name: string, fn: (path: string) => Promise<void>) =>
    Deno.test.ignore(`${name} (${compiled.reason})`, () => fn(""))
  : (name: string, fn: (path: string) => Promise<void>) => nodeTest(name, () => fn(compiled.path));

compiledTest("the executable alone in an empty folder: solo, split and client", async (path) => {
  await using folder = await temporaryFolder();
  const alone = join(folder.path, "mesh-llm");
  await Deno.copyFile(path, alone);
  const program = { compiled: alone, cwd: folder.path };
  await using host = await startServing(
    ["--model", "guide", "--split", "--max-vram", "2"],
    program,
  );
  await until(host, "warm", warm("guide", "solo"));
  await answersExactly(host);
  await using worker = await startServing(["--join", host.token, "--max-vram", "1"], program);
  await using client = await startServing(["--client", "--join", host.token], program);
  await until(client, "warm split", warm("guide", "split"));
  for (const node of [host, worker, client]) await answersExactly(node);
  const page = await fetch(host.ready.console);
  assert.match(await page.text(), /<script type="module"/);
  const metrics = await (await fetch(`${host.ready.console}/metrics`)).text();
  assert.match(metrics, /^mesh_llm_requests_total\{model="guide".*outcome="answered"\} \d+$/m);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name), [
    "mesh-llm",
  ]);
});
