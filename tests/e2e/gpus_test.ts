/** Real llama.cpp on any set of GPUs: which it uses, where each layer goes by its own log, and that the answers are right. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import {
  type FakeGpu,
  fakeGpus,
  type GpuEngine,
  gpuEngineOrReason,
  gpuTest,
  noGpus,
  softwareRenderer,
} from "../support/fake_gpus.ts";
import { type NodeProcess, startNode } from "../support/node_process.ts";
import { GUIDE } from "../models/sample_gguf.ts";
import { temporaryFolder } from "../support/program.ts";
import { answersExactly, until, warm } from "./mesh_of_nodes.ts";
import { serverLog, tellsItsShare } from "./told_memory.ts";

const found = await gpuEngineOrReason();

const INTEGRATED: FakeGpu = { kind: "integrated", totalMiB: 60_000 };
const DISCRETE: FakeGpu = { kind: "discrete", totalMiB: 16_000, freeMiB: 15_000 };

/** llama.cpp's log has the device of each layer from this on. */
const VERBOSE = { LLAMA_ARG_LOG_VERBOSITY: "5", LLAMA_ARG_THREADS: "1" };

/** The kernels of a shape that nobody used before are compiled when they are first needed. */
const COMPILING_MS = 120_000;

interface Case {
  readonly name: string;
  readonly gpus: readonly FakeGpu[];
  readonly args?: readonly string[];
  /** Devices with kind and offered MiB, `any` if it depends on the machine that the tests run on. */
  readonly devices: readonly string[];
  /** Devices that have layers. */
  readonly layers: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "an integrated GPU before a discrete one",
    gpus: [INTEGRATED, DISCRETE],
    devices: ["Vulkan1 discrete 15000", "CPU cpu any"],
    layers: ["Vulkan1"],
  },
  {
    name: "a discrete GPU before an integrated one",
    gpus: [DISCRETE, INTEGRATED],
    devices: ["Vulkan0 discrete 15000", "CPU cpu any"],
    layers: ["Vulkan0"],
  },
  {
    name: "a discrete GPU before an integrated one, which is named",
    gpus: [DISCRETE, INTEGRATED],
    args: ["--device", "Vulkan1"],
    devices: ["Vulkan1 integrated any", "CPU cpu any"],
    layers: ["Vulkan1"],
  },
  {
    name: "a small card that is listed twice, with more free than there is",
    gpus: [0, 1].map(() => ({ kind: "discrete", totalMiB: 2_000, freeMiB: 3_000, card: 5 })),
    devices: ["Vulkan0 discrete 2000", "CPU cpu any"],
    layers: ["Vulkan0"],
  },
  {
    name: "a full card and one without free memory",
    gpus: [{ ...DISCRETE, freeMiB: 1 }, { ...DISCRETE, freeMiB: 0 }],
    devices: ["CPU cpu any"],
    layers: ["CPU"],
  },
  {
    name: "two equal cards, of which half is offered",
    gpus: [DISCRETE, DISCRETE],
    args: [
      "--max-vram",
      String(15_000 * 2 ** 20 / 1e9),
      "--max-ram",
      String(1_024 * 2 ** 20 / 1e9),
    ],
    devices: ["Vulkan0 discrete 7500", "Vulkan1 discrete 7500", "CPU cpu 1024"],
    layers: ["Vulkan0"],
  },
  {
    name: "two unequal cards, of which the smaller holds the model",
    gpus: [DISCRETE, { ...DISCRETE, totalMiB: 2_000, freeMiB: 2_000 }],
    devices: ["Vulkan0 discrete 15000", "Vulkan1 discrete 2000", "CPU cpu any"],
    layers: ["Vulkan1"],
  },
  {
    name: "one pool for an integrated GPU and the CPU",
    gpus: [INTEGRATED],
    args: ["--max-ram", String(8_192 * 2 ** 20 / 1e9)],
    devices: ["Vulkan0 integrated 8192", "CPU cpu 0"],
    layers: ["Vulkan0"],
  },
];

for (const { name, gpus, args = [], devices, layers } of CASES) {
  gpuTest(found, `a node with ${name}`, async (engine) => {
    await using node = await serve(engine, ["--model", "guide", ...args], fakeGpus(engine, gpus));
    await node.serving("guide", { timeoutMs: COMPILING_MS });
    await answersExactly(node);
    const status = await node.status();
    assert.deepEqual(offered(status.node, devices), devices);
    assert.deepEqual([...new Set(await layersOf(node))], layers);
    const used = status.node.devices.filter(({ usedBytes }) => usedBytes > 0);
    // Some of every model, such as its table of tokens, is in main memory.
    const cards = used.map((device) => device.name).filter((device) => device !== "CPU");
    assert.deepEqual(cards.length === 0 ? ["CPU"] : cards, layers);
    assert.ok(used.some((device) => device.name === "CPU"), "as llama.cpp tells");
    await neverRestarted(node);
  });
}

gpuTest(
  found,
  "two models on two cards that hold one each are on one card each",
  async (engine) => {
    await using folder = await temporaryFolder();
    const other = join(folder.path, "other.gguf");
    await Deno.copyFile(GUIDE, other);
    // 17 MB of each; the guide takes 15.
    const args = ["--model", "guide", "--model", other, "--max-vram", "0.034"];
    await using node = await serve(engine, args, fakeGpus(engine, [DISCRETE, DISCRETE]));
    for (const name of ["guide", "other"]) {
      await node.serving(name, { timeoutMs: COMPILING_MS });
      await answersExactly(node, name);
    }
    const { serving, devices } = (await node.status()).node;
    const cardsOf = serving.map(({ model, reservedBytes }) =>
      [model, ...Object.keys(reservedBytes).filter((name) => name !== "CPU")].join(" ")
    );
    assert.deepEqual(cardsOf, ["guide Vulkan0", "other Vulkan1"]);
    for (const { kind, usedBytes, offeredBytes } of devices) {
      assert.ok(usedBytes > 0 && (kind === "cpu" || usedBytes <= offeredBytes), `${usedBytes}`);
    }
    await neverRestarted(node);
  },
);

gpuTest(found, "a software renderer is used where it is named", async (engine) => {
  const args = ["--model", "guide", "--device", "Vulkan0"];
  await using node = await serve(engine, args, softwareRenderer(engine));
  await node.serving("guide", { timeoutMs: COMPILING_MS });
  await answersExactly(node);
  assert.deepEqual((await node.status()).node.devices.map(({ kind }) => kind), ["software", "cpu"]);
  assert.deepEqual([...new Set(await layersOf(node))], ["Vulkan0"]);
});

interface Machine {
  readonly gpus: readonly FakeGpu[];
  readonly args?: readonly string[];
}

interface Split {
  readonly name: string;
  /** It has the most memory. */
  readonly host: Machine;
  readonly worker: Machine;
  /** Devices with layers, by llama-server's names. */
  readonly layers: readonly string[];
}

const SMALL: FakeGpu = { kind: "discrete", totalMiB: 4_000 };

const SPLITS: readonly Split[] = [
  {
    name: "a host with a GPU behind an integrated one, and a worker without",
    host: { gpus: [INTEGRATED, DISCRETE] },
    worker: { gpus: [], args: ["--max-ram", "8"] },
    layers: ["RPC0", "Vulkan1"],
  },
  {
    name: "a host without a GPU, and a worker that has one behind an integrated one",
    host: { gpus: [], args: ["--max-ram", "8"] },
    worker: { gpus: [INTEGRATED, SMALL], args: ["--max-ram", "2"] },
    layers: ["RPC0", "RPC1"],
  },
  {
    name: "two GPUs on each",
    host: { gpus: [DISCRETE, DISCRETE] },
    worker: { gpus: [INTEGRATED, { ...DISCRETE, freeMiB: 10_000 }, DISCRETE] },
    layers: ["RPC0", "RPC1", "Vulkan0", "Vulkan1"],
  },
];

for (const { name, host, worker, layers } of SPLITS) {
  gpuTest(found, `a split over ${name}`, async (engine) => {
    const start = ({ gpus, args = [] }: Machine, more: readonly string[]) =>
      serve(
        engine,
        ["--model", "guide", "--split", ...args, ...more],
        gpus.length === 0 ? noGpus() : fakeGpus(engine, gpus),
      );
    await using first = await start(host, []);
    await using second = await start(worker, ["--join", first.token]);
    const seen = await until(second, "warm split", warm("guide", "split"), COMPILING_MS);
    assert.deepEqual(seen.models[0]?.hosts, [first.ready.node]);
    await answersExactly(second);
    const told = await layersOf(first);
    assert.deepEqual([...new Set(told)], layers, "each device that the plan names has its layers");
    await tellsItsShare(first, "guide");
    const status = await second.status();
    const machines = [status.node, ...status.peers];
    for (const { name, devices } of machines) {
      const used = devices.filter(({ usedBytes }) => usedBytes > 0).map(({ kind }) => kind);
      const gpus = devices.filter(({ kind }) => kind !== "cpu");
      // Some of every model is in the main memory of its host.
      const isHost = name === first.name;
      const onGpus = gpus.map(() => "discrete");
      assert.deepEqual(used, gpus.length === 0 || isHost ? [...onGpus, "cpu"] : onGpus, name);
    }
    for (const node of [first, second]) await neverRestarted(node);
  });
}

function serve(
  { binDir }: GpuEngine,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<NodeProcess> {
  return startNode({ args: [...args, "--bin-dir", binDir], env: { ...VERBOSE, ...env } });
}

function offered({ devices }: Status["node"], expected: readonly string[]): string[] {
  return devices.map(({ name, kind, offeredBytes }, index) => {
    const isAny = expected[index]?.endsWith(" any") ?? false;
    return `${name} ${kind} ${isAny ? "any" : Math.round(offeredBytes / 2 ** 20)}`;
  });
}

/** The devices of the layers in their order, as llama-server loaded them the last time. */
async function layersOf(node: NodeProcess): Promise<string[]> {
  const lines = (await serverLog(node)).matchAll(/layer +\d+ assigned to device ([^\s,]+)/g);
  return [...lines].map(([, device]) => device ?? "");
}

async function neverRestarted({ ready }: NodeProcess): Promise<void> {
  const metrics = await (await fetch(`${ready.console}/metrics`)).text();
  assert.doesNotMatch(metrics, /^mesh_llm_engine_restarts_total\{/m);
}
