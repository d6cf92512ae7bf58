import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { askChat, type NodeProcess, startNode } from "../support/node_process.ts";
import { entry, takeApart, writeGguf } from "../support/gguf_writer.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { engineOrReason } from "../support/engine.ts";
import { engineProcesses } from "../support/processes.ts";
import { answersExactly, nodeTest, startServing, until, warm } from "./mesh_of_nodes.ts";

const GUIDE = new URL("../../src/models/guide/guide.gguf", import.meta.url);

/** The guide with a chat template that does not parse: llama-server loads it, and ends. */
function writeSick(path: string): void {
  const { metadata, tensors } = takeApart(Deno.readFileSync(GUIDE));
  const others = metadata.filter(({ key }) => key !== "tokenizer.chat_template");
  writeGguf(path, {
    metadata: [...others, entry("tokenizer.chat_template", "{% for m in messages %}{{ m ")],
    tensors,
  });
}

/** The refusal of a request, which has to come long before one for a model that loads would. */
async function refusal(node: NodeProcess, model: string, stream = false) {
  const signal = AbortSignal.timeout(60_000); // half of what any request waits
  const response = await askChat(node.ready.api, "hello", { model, stream, signal });
  const text = await response.text();
  assert.ok(text.startsWith("{"), `refused by an answer of its own, not by an event: ${text}`);
  const { error } = JSON.parse(text);
  return { status: response.status, code: error.code, type: error.type, message: error.message };
}

function modelOf({ models }: Status, name: string) {
  return models.find((model) => model.name === name);
}

const TELLS = /Parser Error: Expected/;

nodeTest(
  "a model that can't be loaded is failed everywhere, callers hear why, and a mended file is served",
  async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "sick.gguf");
    writeSick(path);
    // A model that a node was given by its path lies in none of the folders that are watched.
    await using host = await startServing(["--model", path]);
    const told = await host.waitFor("failed");
    assert.equal(told.level, "error");
    assert.match(String(told.reason), TELLS);
    await using member = await startServing(["--join", host.token]);
    await using client = await startServing(["--client", "--join", host.token]);
    for (const node of [host, member, client]) {
      const status = await until(
        node,
        "sick is failed",
        (status) => modelOf(status, "sick")?.state === "failed",
      );
      assert.match(modelOf(status, "sick")?.reason ?? "", TELLS);
      assert.equal(modelOf(status, "sick")?.instances[0]?.state, "failed");
      for (const stream of [false, true]) {
        const { status, code, type, message } = await refusal(node, "sick", stream);
        assert.deepEqual({ status, code, type }, {
          status: 503,
          code: "model_failed",
          type: "server_error",
        });
        assert.match(message, TELLS);
        assert.match(message, new RegExp(`on ${host.name}`));
      }
    }
    const { stdout } = await runProgram(["status", "--data-dir", host.dataDir]);
    assert.match(stdout, /^sick +failed /m);
    assert.match(stdout, TELLS);
    const since = host.lines.length;
    await Deno.copyFile(GUIDE, path);
    await host.serving("sick", { since });
    for (const node of [host, member, client]) {
      await until(node, "sick is warm", (status) => modelOf(status, "sick")?.state === "warm");
      await answersExactly(node, "sick");
    }
  },
);

nodeTest(
  "a model that waits for memory, or was dropped, is refused with what is to be done",
  async () => {
    await using host = await startServing(["--model", "guide"]);
    await host.serving("guide");
    await using member = await startServing(["--join", host.token, "--max-vram", "0.001"]);
    await using client = await startServing(["--client", "--join", host.token]);
    await answersExactly(client);
    const { code, stderr } = await runProgram(["drop", "guide", "--data-dir", host.dataDir]);
    assert.equal(code, 0, stderr);
    for (const node of [host, member, client]) {
      await until(node, "guide is gone", (status) => modelOf(status, "guide")?.state !== "warm");
      const { status, code, message } = await refusal(node, "guide");
      assert.deepEqual({ status, code }, { status: 404, code: "model_dropped" });
      assert.match(message, new RegExp(`dropped on ${host.name}`));
    }
    const small = ["--model", "guide", "--max-vram", "0.001"];
    await using waiting = await startServing([...small, "--join", host.token]);
    await waiting.waitFor("waiting");
    await Promise.all([waiting, host, member, client].map(async (node) => {
      await until(node, "guide waits", (status) => modelOf(status, "guide")?.state === "waiting");
      const { status, code, message } = await refusal(node, "guide");
      assert.deepEqual({ status, code }, { status: 503, code: "model_waiting" });
      assert.match(message, /needs [\d.]+ MB, and the machines that could share it have [\d.]+ MB/);
    }));
  },
);

nodeTest(
  "a split of a model that can't be loaded is failed, as both machines see it",
  async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "sick.gguf");
    writeSick(path);
    const split = ["--model", path, "--split"];
    await using host = await startServing(split);
    await using worker = await startServing([...split, "--join", host.token]);
    await Promise.all([host, worker].map(async (node) => {
      const status = await until(node, "the split is failed", (status) => {
        const model = modelOf(status, "sick");
        return model?.state === "failed" && model.instances.some(({ mode }) => mode === "split");
      });
      assert.match(modelOf(status, "sick")?.reason ?? "", TELLS);
      const { code, message } = await refusal(node, "sick");
      assert.equal(code, "model_failed");
      assert.match(message, TELLS);
    }));
  },
);

/** An rpc-server that does what llama.cpp's does, until a file beside it says that its device is gone. */
async function writeFragileEngine(folder: string): Promise<string> {
  const { engine } = await engineOrReason();
  assert.ok(engine !== null);
  await Deno.symlink(engine.llamaServer, join(folder, "llama-server"));
  const script = `#!/bin/sh
if [ -e '${folder}/gone' ]; then echo 'error: unknown device: CUDA7' >&2; exit 1; fi
exec '${engine.rpcServer}' "$@"
`;
  await Deno.writeTextFile(join(folder, "rpc-server"), script, { mode: 0o755 });
  return folder;
}

nodeTest(
  "a split whose worker can't start its rpc-server says so everywhere, and goes on once it can",
  async () => {
    await using folder = await temporaryFolder();
    const binDir = await writeFragileEngine(folder.path);
    const split = ["--model", "guide", "--split"];
    await using host = await startServing([...split, "--max-vram", "8"]);
    await using worker = await startNode({
      args: [...split, "--max-vram", "4", "--join", host.token, "--bin-dir", binDir],
      env: { OMP_WAIT_POLICY: "passive" },
    });
    await using client = await startServing(["--client", "--join", host.token]);
    const nodes = [host, worker, client];
    await until(client, "a warm split", warm("guide", "split"));
    await Deno.writeTextFile(join(folder.path, "gone"), "");
    const [rpcServer] = await engineProcesses(worker.pid, "rpc-server");
    Deno.kill(rpcServer!.pid, "SIGKILL");
    await Promise.all(nodes.map(async (node) => {
      const isFailed = (status: Status) => modelOf(status, "guide")?.state === "failed";
      const status = await until(node, "the split is failed", isFailed);
      assert.match(
        modelOf(status, "guide")?.reason ?? "",
        /rpc-server: error: unknown device: CUDA7/,
      );
      const { code, message } = await refusal(node, "guide");
      assert.equal(code, "model_failed");
      assert.match(message, /unknown device: CUDA7/);
    }));
    await Deno.remove(join(folder.path, "gone"));
    await until(client, "a warm split again", warm("guide", "split"));
    await answersExactly(client);
  },
);
