/** GPUs whose driver is reset, on real llama.cpp with fake GPUs: which failure is told, and what goes on without them. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import {
  type FakeGpu,
  fakeGpus,
  type GpuEngine,
  gpuEngineOrReason,
  gpuTest,
} from "../support/fake_gpus.ts";
import { type NodeProcess, startNode } from "../support/node_process.ts";
import { answersExactly, answerTo, QUESTION, until, warm } from "./mesh_of_nodes.ts";

const found = await gpuEngineOrReason();

const CARD: FakeGpu = { kind: "discrete", totalMiB: 16_000, name: "RTX (X)" };
const SMALL: FakeGpu = { ...CARD, totalMiB: 4_000 };

/** The kernels of a shape that nobody used before are compiled when they are first needed. */
const COMPILING_MS = 120_000;

const LOST = /the GPU Vulkan0 was lost, as when its driver is reset \(ggml_vulkan: device lost on/;

/** A GPU that processes lose from now on, one for each time. */
class Resets {
  readonly path = join(Deno.makeTempDirSync(), "lost");

  of(times: number): void {
    Deno.writeTextFileSync(this.path, "x".repeat(times));
  }

  get left(): number {
    return Deno.statSync(this.path).size;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(join(this.path, ".."), { recursive: true });
  }
}

function serve(
  engine: GpuEngine,
  gpu: FakeGpu,
  args: readonly string[] = [],
): Promise<NodeProcess> {
  return startNode({
    args: ["--model", "guide", ...args, "--bin-dir", engine.binDir],
    env: { LLAMA_ARG_THREADS: "1", ...fakeGpus(engine, [gpu]) },
  });
}

/** A request that meets the loss is answered to the letter all the same. */
async function askAcross(node: NodeProcess, stream: boolean): Promise<void> {
  assert.equal(await node.chat(QUESTION, { model: "guide", stream }), answerTo(QUESTION));
}

function namesOf({ devices }: Status["node"]): string[] {
  return devices.map(({ name }) => name);
}

function restarts(node: NodeProcess): number {
  return node.lines.filter(({ message }) => LOST.test(String(message))).length;
}

gpuTest(
  found,
  "a GPU that is lost once serves again, and the log says why it was away",
  async (engine) => {
    using resets = new Resets();
    await using node = await serve(engine, { ...CARD, lostFile: resets.path });
    await node.serving("guide", { timeoutMs: COMPILING_MS });
    resets.of(1);
    const since = node.lines.length;
    await askAcross(node, true);
    await node.serving("guide", { since });
    await answersExactly(node);
    const status = await node.status();
    assert.deepEqual(namesOf(status.node), ["Vulkan0", "CPU"]);
    assert.deepEqual(status.findings, []);
    assert.equal(restarts(node), 1);
  },
);

gpuTest(
  found,
  "a GPU that is lost again is given up: main memory serves, and every place says so",
  async (engine) => {
    using resets = new Resets();
    await using node = await serve(engine, { ...CARD, lostFile: resets.path });
    await node.serving("guide", { timeoutMs: COMPILING_MS });
    resets.of(100);
    const since = node.lines.length;
    await askAcross(node, false);
    await node.serving("guide", { since });
    await answersExactly(node);
    const status = await node.status();
    assert.deepEqual(namesOf(status.node), ["CPU"]);
    const [{ instances } = { instances: [] }] = status.models;
    for (const notes of [instances[0]?.notes, status.node.notes]) {
      const [note = ""] = notes ?? [];
      assert.match(note, /^Vulkan0 \(RTX \(X\)\) is not used any more: once again, /);
      assert.match(note, LOST);
    }
    const [finding] = status.findings ?? [];
    assert.equal(finding?.about, "gpu");
    assert.match(finding?.remedy ?? "", /start mesh-llm anew/);
    assert.equal(resets.left, 98, "it was tried twice, and no more");
  },
);

gpuTest(
  found,
  "a worker that loses its GPU twice lends main memory alone, and the split goes on",
  async (engine) => {
    using resets = new Resets();
    const split = ["--split", "--max-ram", "2"];
    await using host = await serve(engine, CARD, split);
    const args = [...split, "--join", host.token];
    await using worker = await serve(engine, { ...SMALL, lostFile: resets.path }, args);
    await until(host, "warm split", warm("guide", "split"), COMPILING_MS);
    resets.of(100);
    await askAcross(host, false);
    const isAlone = ({ node }: Status) => namesOf(node).join() === "CPU";
    const alone = await until(worker, "without its GPU", isAlone);
    assert.match(alone.node.notes?.join() ?? "", LOST);
    const goesOn = (status: Status) =>
      warm("guide", "split")(status) && status.peers.every(({ devices }) => devices.length === 1);
    const status = await until(host, "warm split without it", goesOn, COMPILING_MS);
    await answersExactly(host);
    assert.deepEqual(status.peers.map(({ devices }) => devices.map(({ name }) => name)), [["CPU"]]);
    assert.equal(resets.left, 98, "it was tried twice, and no more");
  },
);
