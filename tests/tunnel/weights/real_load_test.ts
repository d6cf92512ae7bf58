import assert from "node:assert/strict";
import { dirname } from "node:path";
import type { Engine } from "../../../src/engine/mod.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import { cachedRandomModel } from "../../support/random_model.ts";
import { writeShards } from "../../support/shard_set.ts";
import { Llama } from "../llama.ts";
import { MeshedLoad, SPLIT, tokensOf } from "./real_load.ts";

const found = await engineOrReason();

/** Tensors of 16 MiB, which are asked for by hash, and of 2 MiB, which are not. */
const modelPath = cachedRandomModel({ layers: 3 });
/** The log tells hundredths of a MiB, of three buffers for each device. */
const BUFFER_ROUNDING = 2 ** 15;
const MODEL_BYTES = (await Deno.stat(modelPath)).size;

let direct: number[] | undefined;

engineTest(
  found,
  "a load from the workers' own files moves one percent at most",
  async (engine) => {
    await using load = await MeshedLoad.start({
      engine,
      modelPath,
      workers: [[modelPath], [modelPath]],
    });
    const server = await load.serve();
    assert.ok(load.saved() > 0.95 * MODEL_BYTES, `${load.saved()} bytes were saved`);
    assert.ok(load.sent() <= 0.01 * load.saved(), `${load.sent()} bytes were sent`);
    assert.deepEqual(await tokensOf(server), await directTokens(engine));
  },
);

engineTest(
  found,
  "each worker knows what was taken of each of its devices, as llama-server tells it",
  async (engine) => {
    await using load = await MeshedLoad.start({
      engine,
      modelPath,
      workers: [[modelPath], [modelPath]],
      devices: 2,
    });
    const server = await load.serve(["--log-verbosity", "4"]);
    await tokensOf(server);
    for (const [worker, end] of load.workerEnds.entries()) {
      const taken = end.takenBy(SPLIT.model) ?? [];
      const told = await toldBuffers(load, worker);
      assert.ok(told.length > 0, "llama-server tells of its buffers");
      assert.equal(taken.length, told.length);
      for (const [device, bytes] of taken.entries()) {
        const text = `${bytes} bytes of device ${device}, and ${told[device]}`;
        assert.ok(Math.abs(bytes - told[device]!) < BUFFER_ROUNDING, text);
      }
    }
    assert.equal(load.workerEnds[0]!.takenBy({ ...SPLIT.model, name: "other" }), null);
  },
);

engineTest(found, "a worker without the file is sent it once", async (engine) => {
  await using load = await MeshedLoad.start({ engine, modelPath, workers: [[], [modelPath]] });
  const first = await load.serve();
  assert.deepEqual(await tokensOf(first), await directTokens(engine));
  assert.ok(load.sent() > 0.4 * MODEL_BYTES);
  await first.stop();
  const before = load.sent();
  const second = await load.serve();
  assert.ok(load.sent() - before <= 0.01 * MODEL_BYTES, `${load.sent() - before} bytes were sent`);
  assert.deepEqual(await tokensOf(second), await directTokens(engine));
  assert.ok((await load.stored(0)).every((name) => /^[0-9a-f]{64}$/.test(name)));
});

engineTest(
  found,
  "what differs in a worker's file crosses, and the tokens are right",
  async (engine) => {
    await using copy = await copyOfModel();
    await flipBytes(copy.path, [0.1, 0.5, 0.9]);
    await using load = await MeshedLoad.start({
      engine,
      modelPath,
      workers: [[copy.path], [copy.path]],
    });
    const server = await load.serve();
    assert.deepEqual(await tokensOf(server), await directTokens(engine));
    assert.ok(load.saved() > 0.4 * MODEL_BYTES, "the others came from the file");
    assert.ok(load.moved() > 0.01 * MODEL_BYTES, "some tensors crossed");
  },
);

engineTest(
  found,
  "a file that was changed behind the index's back is found out",
  async (engine) => {
    await using copy = await copyOfModel();
    await using load = await MeshedLoad.start({
      engine,
      modelPath,
      workers: [[copy.path], [copy.path]],
    });
    const { mtime } = await Deno.stat(copy.path);
    await flipBytes(copy.path, [0.2, 0.7]);
    await Deno.utime(copy.path, mtime!, mtime!);
    const server = await load.serve();
    assert.deepEqual(await tokensOf(server), await directTokens(engine));
    assert.ok(load.moved() > 0.01 * MODEL_BYTES, "some tensors crossed");
  },
);

engineTest(
  found,
  "a sharded set loads from its shards, and from a whole file among others of its tensors' names",
  async (engine) => {
    await using copy = await copyOfModel();
    const sharded = await writeShards(modelPath, dirname(copy.path), 3);
    await flipBytes(copy.path, [0.1, 0.5, 0.9]);
    await using load = await MeshedLoad.start({
      engine,
      modelPath: sharded,
      workers: [[sharded], [copy.path, modelPath]],
    });
    const server = await load.serve();
    assert.ok(load.saved() > 0.95 * MODEL_BYTES, `${load.saved()} bytes were saved`);
    assert.ok(load.sent() <= 0.01 * load.saved(), `${load.sent()} bytes were sent`);
    assert.deepEqual(await tokensOf(server), await directTokens(engine));
  },
);

engineTest(found, "a worker's devices are all filled from its file", async (engine) => {
  await using load = await MeshedLoad.start({
    engine,
    modelPath,
    workers: [[modelPath]],
    devices: 2,
  });
  const server = await load.serve();
  assert.ok(load.saved() > 0.95 * MODEL_BYTES, `${load.saved()} bytes were saved`);
  assert.ok(load.sent() <= 0.01 * load.saved(), `${load.sent()} bytes were sent`);
  const { alloc_buffer: buffers = 0 } = load.counts.snapshot()[0]?.rpc?.frames ?? {};
  assert.ok(buffers >= 6, "weights, cache and computation of each");
  assert.deepEqual(await tokensOf(server), await directTokens(engine));
});

engineTest(
  found,
  "20 loads that were killed leave nothing, and the next is clean",
  async (engine) => {
    await using load = await MeshedLoad.start({ engine, modelPath, workers: [[modelPath], []] });
    for (let round = 0; round < 20; round++) {
      const before = load.moved() + load.saved();
      const killed = load.launch();
      killed.ready().catch(() => {});
      // From the first tensor to the last but one.
      const enough = before + round / 20 * 0.9 * MODEL_BYTES;
      await reached(() => killed.state.kind === "failed" || load.moved() + load.saved() > enough);
      assert.notEqual(killed.state.kind, "failed", "it was killed while it loaded");
      if (round % 2 === 0) Deno.kill(killed.pid!, "SIGKILL");
      else for (const end of load.workerEnds) end.reset(SPLIT.model);
      await killed.stop();
    }
    const server = await load.serve();
    assert.deepEqual(await tokensOf(server), await directTokens(engine));
    assert.ok((await load.stored(1)).every((name) => !name.endsWith(".part")));
    await server.stop();
    await Promise.all(load.tunnels.map((tunnels) => tunnels.stop()));
    assert.ok(load.counts.snapshot().every(({ streams }) => streams === 0));
  },
);

/** The same split's tokens over plain TCP, without any of our code. */
async function directTokens(engine: Engine): Promise<number[]> {
  return direct ??= await askDirect(engine);
}

async function askDirect(engine: Engine): Promise<number[]> {
  await using llama = await Llama.prepare(engine);
  const members = [llama.rpcServer(), llama.rpcServer()];
  const split = await Promise.all(
    members.map(async (member) => ({ rpcPort: await member.ready(), share: 0.5 })),
  );
  const server = llama.llamaServer(modelPath, split);
  await server.ready();
  return await tokensOf(server);
}

async function copyOfModel() {
  const dir = await Deno.makeTempDir({ prefix: "mesh-llm-copy-" });
  const path = `${dir}/random.gguf`;
  await Deno.copyFile(modelPath, path);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }) };
}

/** Changes a byte at each of these places, given as parts of the whole. */
async function flipBytes(path: string, places: readonly number[]): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const { size } = await file.stat();
  for (const place of places) {
    const at = Math.floor(size * place);
    const byte = new Uint8Array(1);
    await file.seek(at, Deno.SeekMode.Start);
    await file.read(byte);
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(byte.map((old) => old ^ 1));
  }
}

/** Looks again at every turn of the event loop, so that it ends at any point of a load. */
async function reached(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** By device of a worker's rpc-server: the bytes that llama-server has told in its log. */
async function toldBuffers(load: MeshedLoad, worker: number): Promise<number[]> {
  const port = load.tunnels[worker]!.ensure(`worker-${worker}`);
  const told: number[] = [];
  const lines = new RegExp(`RPC(\\d+)\\[\\S+:${port}\\] +\\w+ buffer size = +([\\d.]+) MiB`, "g");
  for (const [, device, mebibytes] of (await load.log()).matchAll(lines)) {
    const index = Number(device);
    told[index] = (told[index] ?? 0) + Number(mebibytes) * 2 ** 20;
  }
  return told;
}
