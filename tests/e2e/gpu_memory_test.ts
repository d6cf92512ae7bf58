/** Models that a GPU does not hold, on real llama.cpp with fake GPUs: what goes to it, and what to main memory. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { needBytes, openLibrary } from "../../src/models/mod.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { tempDir } from "../models/temp_dir.ts";
import { cachedBallast } from "../support/ballast.ts";
import {
  type FakeGpu,
  fakeGpus,
  type GpuEngine,
  gpuEngineOrReason,
  gpuTest,
} from "../support/fake_gpus.ts";
import { type NodeProcess, startNode } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import { writeProjector } from "../support/projector_writer.ts";
import { answerTo, QUESTION, until, warm } from "./mesh_of_nodes.ts";
import { tellsItsShare } from "./told_memory.ts";

const found = await gpuEngineOrReason();

/** 210 MB on the disk; llama.cpp needs 345 MiB for it, of which 130 are for computing. */
const MODEL = cachedBallast({ layers: 10, sizeBytes: 200_000_000 });
const NAME = MODEL.replace(/^.*\//, "").replace(/\.gguf$/, "");

const CARD: FakeGpu = { kind: "discrete", totalMiB: 1_000 };

/** The kernels of a shape that nobody used before are compiled when they are first needed. */
const COMPILING_MS = 120_000;

interface Machine {
  readonly gpu?: FakeGpu;
  readonly args?: readonly string[];
}

function serve(
  engine: GpuEngine,
  { gpu = CARD, args = [] }: Machine,
): Promise<NodeProcess> {
  return startNode({
    args: [...args, "--bin-dir", engine.binDir],
    env: { LLAMA_ARG_THREADS: "1", ...fakeGpus(engine, [gpu]) },
  });
}

function used({ devices }: Status["node"]): Record<string, number> {
  return Object.fromEntries(devices.map(({ name, usedBytes }) => [name, usedBytes]));
}

function notesOf({ models }: Status): string[] {
  return models.flatMap(({ instances }) => instances.flatMap(({ notes = [] }) => notes));
}

async function answers(node: NodeProcess): Promise<void> {
  assert.equal(await node.chat(QUESTION, { model: NAME }), answerTo(QUESTION));
}

async function neverRestarted({ ready }: NodeProcess): Promise<void> {
  const metrics = await (await fetch(`${ready.console}/metrics`)).text();
  assert.doesNotMatch(metrics, /^mesh_llm_engine_restarts_total\{/m);
}

gpuTest(found, "a model larger than the GPU is served from GPU and main memory", async (engine) => {
  await using node = await serve(engine, {
    args: ["--model", MODEL, "--no-draft", "--max-vram", "0.22"],
  });
  await node.serving(NAME, { timeoutMs: COMPILING_MS });
  await answers(node);
  const status = await node.status();
  const [note = ""] = notesOf(status);
  const [, onGpu = 0, all = 0] = /^(\d+) of its (\d+) layers are on GPUs/.exec(note)?.map(Number) ??
    [];
  assert.ok(onGpu > 0 && onGpu < all, note);
  const { Vulkan0 = 0, CPU = 0 } = used(status.node);
  assert.ok(Vulkan0 > 0 && Vulkan0 <= 0.22e9, `${Vulkan0} bytes of the GPU are used`);
  assert.ok(CPU > 0, "the rest is in main memory");
  await neverRestarted(node);
});

gpuTest(
  found,
  "a load for which a GPU has less memory than it told goes to main memory, and says why",
  async (engine) => {
    await using node = await serve(engine, {
      gpu: { ...CARD, limitMiB: 100 },
      args: ["--model", MODEL, "--no-draft"],
    });
    await node.serving(NAME, { timeoutMs: COMPILING_MS });
    await answers(node);
    const status = await node.status();
    assert.match(
      notesOf(status).join(),
      /^The GPUs had too little memory for it \(.*OutOfDeviceMemory.*\), so all of it/,
    );
    const { Vulkan0, CPU = 0 } = used(status.node);
    assert.equal(Vulkan0, 0);
    assert.ok(CPU > 200_000_000, `${CPU} bytes of main memory`);
  },
);

gpuTest(
  found,
  "a model larger than the GPUs of two machines fills them, and main memory holds the rest",
  async (engine) => {
    const limits = ["--max-vram", "0.1", "--max-ram", "0.1"];
    await using first = await serve(engine, { args: ["--model", MODEL, ...limits] });
    await using second = await serve(engine, { args: ["--join", first.token, ...limits] });
    const planned = await until(first, "loading two parts", ({ node, peers }) => {
      const usedOf = ({ devices }: Pick<Status["node"], "devices">) =>
        devices.every(({ usedBytes }) => usedBytes > 0);
      const isLoading = node.serving.some(({ state }) => state === "loading");
      return isLoading && usedOf(node) && peers.length > 0 && peers.every(usedOf);
    }, COMPILING_MS);
    for (const { name, devices } of [planned.node, ...planned.peers]) {
      const bytes = devices.map(({ usedBytes, offeredBytes }) => usedBytes / offeredBytes);
      assert.ok(bytes.every((share) => share <= 1), `${name} uses ${bytes}`);
    }
    await until(first, "warm split", warm(NAME, "split"), COMPILING_MS);
    // On every device llama.cpp has buffers for computing, which a small share hardly counts: that is told, and ends nothing.
    await tellsItsShare(first, NAME);
    await answers(first);
    for (const node of [first, second]) await neverRestarted(node);
  },
);

gpuTest(
  found,
  "a projector for which the GPU has no room beside its model stays in main memory, and the model does not",
  async (engine) => {
    await using dir = await tempDir();
    const path = join(dir.path, "text.gguf");
    await Deno.copyFile(GUIDE, path);
    writeProjector(join(dir.path, "mmproj-text.gguf"));
    const library = openLibrary({ modelsDir: dir.path, dataDir: dir.path, home: null });
    const seeing = await library.resolve(path);
    const [both, alone] = [seeing, { ...seeing, projector: null }]
      .map((model) => needBytes(model, null)) as [number, number];
    await using node = await serve(engine, {
      args: ["--model", path, "--no-draft", "--max-vram", String((both + alone) / 2 / 1e9)],
    });
    await node.serving("text", { timeoutMs: COMPILING_MS });
    assert.equal(await node.chat(QUESTION, { model: "text" }), answerTo(QUESTION));
    const status = await node.status();
    assert.match(notesOf(status).join(), /^The GPUs have no room for its projector beside it/);
    const { Vulkan0 = 0, CPU = 0 } = used(status.node);
    assert.ok(Vulkan0 > CPU && CPU > 0, `${Vulkan0} bytes of the GPU, ${CPU} of main memory`);
    const [server] = await engineProcesses(node.pid, "llama-server");
    assert.match(server?.command ?? "", / --n-gpu-layers 999 .* --no-mmproj-offload /);
    await neverRestarted(node);
  },
);
