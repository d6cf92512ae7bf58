import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { listProcesses } from "../support/processes.ts";
import { type Outcome, runProgram, temporaryFolder } from "../support/program.ts";
import { nodeTest, startServing } from "./mesh_of_nodes.ts";

/** An impossible request to the machine: one sentence, exit 1, no stack trace. */
function isRefused(outcome: Outcome, sentence: RegExp): void {
  assert.equal(outcome.code, 1, outcome.stderr);
  assert.match(outcome.stderr, sentence);
  assert.doesNotMatch(outcome.stderr, /\n\s+at |Uncaught/);
  assert.ok(outcome.stderr.trim().split("\n").length <= 3, outcome.stderr);
}

async function refused(args: readonly string[], sentence: RegExp, env = {}): Promise<void> {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, "data");
  const free = ["--port", "0", "--console-port", "0"].filter(() => !args.includes("--port"));
  const outcome = await runProgram([...args, ...free, "--data-dir", dataDir], { env });
  isRefused(outcome, sentence);
  const left = (await listProcesses()).filter(({ command }) => command.includes(dataDir));
  assert.deepEqual(left, []);
}

nodeTest("a port in use is named with its flag", async () => {
  await using node = await startServing(["--model", "guide"]);
  const port = new URL(node.ready.api).port;
  await refused(["--model", "guide", "--port", port, "--console-port", "0"], /--port/);
});

// It was told only after the whole installation of llama.cpp, or not at all where that failed too.
Deno.test("a UDP port in use is told at once, and what else was starting is ended", async () => {
  await using folder = await temporaryFolder();
  for (const name of ["llama-server", "rpc-server"]) {
    await Deno.writeTextFile(join(folder.path, name), "#!/bin/sh\nexec sleep 600\n", {
      mode: 0o755,
    });
  }
  const socket = createSocket("udp4");
  socket.bind();
  await once(socket, "listening");
  const { port } = socket.address();
  const args = ["--model", "guide", "--bin-dir", folder.path, "--bind-port", String(port)];
  await refused(args, new RegExp(`UDP port ${port} is in use`));
  await new Promise<void>((resolve) => socket.close(() => resolve()));
});

Deno.test("a model file that is not there is refused", () =>
  refused(["--model", "/nowhere/missing.gguf"], /missing\.gguf/));

// It was made, and the node served nothing of it for ever.
Deno.test("a --models-dir that is not there is refused, and not made", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "modles");
  await refused(["--model", "guide", "--models-dir", path], /modles .*no such folder.*mkdir -p/);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("a truncated model is refused", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "cut.gguf");
  const guide = new URL("../../src/models/guide/guide.gguf", import.meta.url);
  await Deno.writeFile(path, (await Deno.readFile(guide)).slice(0, 700_000));
  await refused(["--model", path], /cut\.gguf/);
});

Deno.test("a file that is no model is refused", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "text.gguf");
  await Deno.writeTextFile(path, "This is not a model");
  await refused(["--model", path], /text\.gguf/);
});

Deno.test("--bin-dir without binaries is refused, and nothing else is searched", async () => {
  await using folder = await temporaryFolder();
  await refused(["--model", "guide", "--bin-dir", folder.path], /--bin-dir|llama-server/);
});

Deno.test("no llama.cpp and no network: the reasons and the remedy", async () => {
  // Nothing on PATH, and a network that refuses at once.
  await refused(["--model", "guide"], /llama\.cpp/, {
    PATH: "/nowhere",
    HTTPS_PROXY: "http://127.0.0.1:9",
    HTTP_PROXY: "http://127.0.0.1:9",
  });
});

nodeTest(
  "a data directory that belongs to another mesh is refused, and kept as it is",
  async () => {
    await using one = await startServing(["--model", "guide"]);
    await using other = await startServing(["--model", "guide"]);
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "data");
    {
      await using _member = await startServing(["--join", one.token], { dataDir });
    }
    const before = await Deno.readTextFile(join(dataDir, "mesh.json"));
    const free = ["--port", "0", "--console-port", "0", "--data-dir", dataDir];
    isRefused(await runProgram(["--join", other.token, ...free]), /--leave/);
    assert.equal(await Deno.readTextFile(join(dataDir, "mesh.json")), before);
  },
);

interface ApiRow {
  readonly fact: string;
  readonly status: number;
  readonly init: RequestInit;
}

const json = { "content-type": "application/json" };
const post = (body: BodyInit): RequestInit => ({ method: "POST", headers: json, body });

const rows: ApiRow[] = [
  { fact: "a body that is no JSON", status: 400, init: post("{") },
  { fact: "a body nested too deep", status: 400, init: post("[".repeat(100_000)) },
  {
    fact: "a body over 64 MiB",
    status: 413,
    init: post(new Uint8Array(64 * 1024 * 1024 + 1)),
  },
  {
    fact: "an unknown model",
    status: 404,
    init: post(JSON.stringify({ model: "unknown", messages: [] })),
  },
];

nodeTest("bad requests are answered in OpenAI's error shape, and the node lives", async () => {
  await using node = await startServing(["--model", "guide"]);
  await node.serving("guide");
  for (const { fact, status, init } of rows) {
    const response = await fetch(`${node.ready.api}/v1/chat/completions`, init);
    const { error } = await response.json();
    assert.equal(response.status, status, fact);
    assert.equal(typeof error.message, "string", fact);
    assert.equal(typeof error.type, "string", fact);
  }
  const unknown = await fetch(`${node.ready.api}/v1/chat/completions`, rows[3]!.init);
  assert.match((await unknown.json()).error.message, /guide/);
  assert.equal(await rawStatus(node.ready.api, "evil.example"), 421);
  assert.equal(await rawStatus(node.ready.console, "evil.example"), 421);
  assert.ok((await node.chat("hello")).startsWith("Hello!"));
});

/** fetch does not let a caller choose the Host header. */
async function rawStatus(url: string, host: string): Promise<number> {
  const { port } = new URL(url);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const request = `GET /api/status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  const bytes = new Uint8Array(4096);
  const length = await conn.read(bytes) ?? 0;
  return Number(new TextDecoder().decode(bytes.subarray(0, length)).split(" ")[1]);
}

// A path was looked up as a name, and nothing was found under it.
Deno.test("plan takes a path, as --model does, and a folder offers what is in it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "some-Q8_0.gguf");
  await Deno.copyFile(new URL("../../src/models/guide/guide.gguf", import.meta.url), path);
  const options = ["--data-dir", join(folder.path, "data")];
  const planned = await runProgram(["plan", path, "--json", ...options]);
  assert.equal(planned.code, 0, planned.stderr);
  const { name, fit } = JSON.parse(planned.stdout);
  assert.deepEqual([name, fit.kind], ["some-Q8_0", "solo"]);
  const offered = await runProgram(["plan", folder.path, ...options]);
  isRefused(offered, /it is a folder; .*--model .*some-Q8_0\.gguf/);
});
