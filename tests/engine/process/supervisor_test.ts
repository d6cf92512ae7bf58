import { EngineStoppedError } from "../../../src/engine/base/errors.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { EngineExitedError, type ManagedServer } from "../../../src/engine/mod.ts";
import { childFilePath, parseChildFile } from "../../../src/engine/process/child_file.ts";
import answers from "../../support/guide_answers.json" with { type: "json" };
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { entry, type GgufToWrite, takeApart, writeGguf } from "../../support/gguf_writer.ts";
import { ask, GUIDE, request, solo, stateOf, supervising } from "../supervising.ts";
import { writeScript } from "../temp_dir.ts";

const found = await engineOrReason();

async function askStreamed(server: ManagedServer, question: string): Promise<string> {
  const messages = [{ role: "user", content: question }];
  const body = { messages, temperature: 0, stream: true };
  const text = await (await request(server, await server.ready(), body)).text();
  const events = text.split("\n").filter((line) => line.startsWith("data: {"));
  return events.map((line) => JSON.parse(line.slice(6)).choices[0]?.delta.content ?? "").join("");
}

engineTest(found, "the guide answers to the letter from one llama-server", async (engine) => {
  await using parts = await supervising(engine);
  const server = parts.supervisor.launch(solo, { restart: true });
  assert.deepEqual(server.state, { kind: "starting", attempt: 1 });
  for (const question of ["hello", "what is a mesh?", "how do i join a mesh?"] as const) {
    assert.equal(await ask(server, question), answers[question]);
    assert.equal(await askStreamed(server, question), answers[question]);
  }
  assert.equal(server.progress, 1);
  // Its log may be read a little later than its first answers.
  while (server.placed === null) await ask(server, "hello");
  const told = Object.values(server.placed.bytes).reduce((sum, bytes) => sum + bytes, 0);
  const { size } = await Deno.stat(GUIDE);
  assert.ok(told > size && told < size + 64 * 2 ** 20, `it tells what it holds: ${told} bytes`);
});

engineTest(
  found,
  "a llama-server answers nobody without its key, which is not in its arguments",
  async (engine) => {
    await using parts = await supervising(engine);
    const server = parts.supervisor.launch(solo, { restart: true });
    const port = await server.ready();
    const stranger = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: "hello" }] }),
    });
    await stranger.body?.cancel();
    assert.equal(stranger.status, 401);
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "args=", "-p", `${server.pid}`],
    }).output();
    const args = new TextDecoder().decode(stdout);
    assert(args.includes(GUIDE) && !args.includes(server.apiKey ?? ""));
  },
);

engineTest(
  found,
  "a split over two rpc-servers answers to the letter, and ends when one dies",
  async (engine) => {
    await using parts = await supervising(engine);
    const workers = [1, 2].map(() =>
      parts.supervisor.launch({ kind: "rpc-server", modelPath: GUIDE }, { restart: false })
    );
    const ports = await Promise.all(workers.map((worker) => worker.ready()));
    const split = ports.map((rpcPort, i) => ({ rpcPort, share: i === 0 ? 0.7 : 0.3 }));
    const host = parts.supervisor.launch({ ...solo, split }, { restart: false });
    assert.equal(await ask(host, "what is a mesh?"), answers["what is a mesh?"]);
    const [worker] = workers;
    assert(worker?.pid);
    Deno.kill(worker.pid, "SIGKILL");
    await stateOf(worker, "failed");
    // The model's layers really were over there: without them llama-server can only give up.
    const [failed] = await Promise.all([
      stateOf(host, "failed"),
      ask(host, "hello").catch(() => {}),
    ]);
    assert.equal(failed.retryAtMs, null);
    assert.equal(parts.supervisor.restarts.size, 0);
  },
);

engineTest(
  found,
  "a split counts one entry of --tensor-split for each device of a worker",
  async (engine) => {
    await using parts = await supervising(engine);
    const twice = await writeScript(
      parts.dataDir,
      "rpc-server",
      `exec '${engine.rpcServer}' -d CPU,CPU "$@"`,
    );
    const offers = { ...engine, rpcServer: twice, rpcServerFlags: new Set<string>() };
    await using worker = await supervising(offers);
    const rpcServer = worker.supervisor.launch({ kind: "rpc-server", modelPath: null }, {
      restart: false,
    });
    const split = [{ rpcPort: await rpcServer.ready(), share: 1, deviceBytes: [2, 1] }];
    const host = parts.supervisor.launch({ ...solo, split }, { restart: false });
    assert.equal(await ask(host, "hello"), answers.hello);
  },
);

engineTest(found, "a llama-server that was killed is started again and answers", async (engine) => {
  await using parts = await supervising(engine);
  const server = parts.supervisor.launch(solo, { restart: true });
  await server.ready();
  assert(server.pid);
  Deno.kill(server.pid, "SIGKILL");
  const failed = await stateOf(server, "failed");
  assert.equal(failed.exitCode, 137);
  assert(failed.retryAtMs !== null);
  assert.match(failed.cause.text, /^was killed/);
  assert.equal(await ask(server, "hello"), answers.hello);
  assert.deepEqual([...parts.supervisor.restarts], [["guide", 1]]);
});

for (
  const { what, change, tells } of [
    {
      what: "a chat template that does not parse",
      change: (gguf) => withText(gguf, "tokenizer.chat_template", "{{ message"),
      tells: /Parser Error: Expected/,
    },
    {
      what: "an unknown architecture",
      change: (gguf) => withText(gguf, "general.architecture", "unheard_of"),
      tells: /unknown model architecture: 'unheard_of'$/,
    },
    {
      what: "a missing tensor",
      change: ({ metadata, tensors }) => ({ metadata, tensors: tensors.slice(1) }),
      tells: /tensor '.*' not found$/,
    },
  ] satisfies {
    what: string;
    change: (gguf: GgufToWrite) => GgufToWrite;
    tells: RegExp;
  }[]
) {
  engineTest(
    found,
    `a model with ${what} is given up at once, and it is told why`,
    async (engine) => {
      await using parts = await supervising(engine);
      const modelPath = join(parts.dataDir, "broken.gguf");
      writeGguf(modelPath, change(takeApart(await Deno.readFile(GUIDE))));
      const server = parts.supervisor.launch({ ...solo, modelPath }, { restart: true });
      await assert.rejects(server.ready(), (error: Error) => {
        assert(error instanceof EngineExitedError);
        assert.match(error.reason.text, tells);
        return true;
      });
      assert.equal(parts.supervisor.restarts.size, 0);
    },
  );
}

engineTest(found, "an rpc-server that can't begin says why", async (engine) => {
  await using parts = await supervising({
    ...engine,
    devices: [{
      name: "CUDA7",
      description: "",
      kind: "discrete" as const,
      totalBytes: 1,
      freeBytes: 1,
    }],
  });
  const server = parts.supervisor.launch({ kind: "rpc-server", modelPath: null }, {
    restart: true,
  });
  await assert.rejects(
    server.ready(),
    /^EngineExitedError: rpc-server: error: unknown device: CUDA7$/,
  );
});

engineTest(found, "stop() ends the child, frees its port and forgets its pid", async (engine) => {
  await using parts = await supervising(engine);
  const server = parts.supervisor.launch({ kind: "rpc-server", modelPath: null }, {
    restart: true,
  });
  const port = await server.ready();
  const file = childFilePath(parts.dataDir);
  assert.deepEqual(parseChildFile(await Deno.readTextFile(file)).map(({ pid }) => pid), [
    server.pid,
  ]);
  await Promise.all([server.stop(), server.stop()]);
  assert.deepEqual(server.state, { kind: "stopped" });
  assert.equal(server.pid, null);
  assert.deepEqual(parseChildFile(await Deno.readTextFile(file)), []);
  await assert.rejects(
    Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
  await assert.rejects(server.ready(), EngineStoppedError);
});

engineTest(found, "what a server prints is in its log", async (engine) => {
  await using parts = await supervising(engine);
  const server = parts.supervisor.launch(solo, { restart: true });
  const port = await server.ready();
  await parts.supervisor.stop();
  const log = await Deno.readTextFile(join(parts.dataDir, "logs/llama-server.log"));
  assert(log.includes(`--port ${port}`), "how it was started");
  assert(log.includes(`listening on http://127.0.0.1:${port}`));
  assert(!log.includes(server.apiKey ?? ""));
});

engineTest(
  found,
  "two servers share a log, and each line says for which model it is",
  async (engine) => {
    await using parts = await supervising(engine);
    const names = ["chat", "embed"];
    const servers = names.map((modelName) =>
      parts.supervisor.launch({ ...solo, modelName }, { restart: true })
    );
    const ports = await Promise.all(servers.map((server) => server.ready()));
    await parts.supervisor.stop();
    const log = await Deno.readTextFile(join(parts.dataDir, "logs/llama-server.log"));
    const lines = log.trimEnd().split("\n");
    assert.deepEqual(lines.filter((line) => !/^(chat|embed): /.test(line)), []);
    for (const [index, name] of names.entries()) {
      const own = lines.filter((line) => line.startsWith(`${name}: `)).join("\n");
      assert.ok(own.includes(`--port ${ports[index]}`));
      assert.ok(own.includes(`listening on http://127.0.0.1:${ports[index]}`));
    }
  },
);

function withText(gguf: GgufToWrite, key: string, value: string): GgufToWrite {
  const others = gguf.metadata.filter((one) => one.key !== key);
  return { ...gguf, metadata: [...others, entry(key, value)] };
}
