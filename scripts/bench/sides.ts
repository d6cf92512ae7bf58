/** The sides of a comparison: llama.cpp without a node beside our nodes, measured in turn. */

import { getLogger } from "@logtape/logtape";
import { setTimeout as delay } from "node:timers/promises";
import {
  createSupervisor,
  type Engine,
  machineThreads,
  type SplitMember,
} from "../../src/engine/mod.ts";
import { testEngine } from "../../tests/support/engine.ts";
import type { NodeProcess } from "../../tests/support/node_process.ts";
import { temporaryFolder } from "../../tests/support/program.ts";

export interface Direct extends AsyncDisposable {
  readonly url: string;
  readonly apiKey: string | null;
}

/**
 * llama.cpp, whose servers wait here as they do by themselves, like those of the nodes of a benchmark. For tests, where
 * processes crowd, they are told not to spin: a direct side that is told so is another one than the node's.
 */
export async function benchEngine(): Promise<Engine> {
  const engine = await testEngine();
  Deno.env.delete("OMP_WAIT_POLICY");
  return engine;
}

/** llama.cpp with the arguments that a node gives it, and no node. */
export async function startDirect(
  engine: Engine,
  modelPath: string,
  shares: readonly number[],
  slots = 1,
): Promise<Direct> {
  const folder = await temporaryFolder();
  const logger = getLogger("bench");
  const supervisor = createSupervisor({
    engine,
    threads: await machineThreads(),
    dataDir: folder.path,
    logger,
  });
  const split = await Promise.all(shares.map(async (share): Promise<SplitMember> => {
    const server = supervisor.launch({ kind: "rpc-server", modelPath: null }, { restart: false });
    return { rpcPort: await server.ready(), share };
  }));
  const server = supervisor.launch({
    kind: "llama-server",
    modelPath,
    modelName: "direct",
    contextLength: 2_048,
    slots,
    split,
  }, { restart: false });
  const port = await server.ready();
  return {
    url: `http://127.0.0.1:${port}`,
    apiKey: server.apiKey,
    async [Symbol.asyncDispose]() {
      await supervisor.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Measurement = () => Promise<number>;

/**
 * A B C, A B C, ...: each round under the same conditions; the first only warms up.
 * @param pauseMs before each: what the one before left to be done (logs, closing streams, threads of llama.cpp that
 * spin for a while) is not to be waited for by the next.
 */
export async function interleaved(
  runs: number,
  measurements: readonly Measurement[],
  { pauseMs = 0 }: { readonly pauseMs?: number } = {},
): Promise<number[][]> {
  const results = measurements.map((): number[] => []);
  for (let round = 0; round <= runs; round++) {
    for (const [index, measure] of measurements.entries()) {
      if (pauseMs > 0) await delay(pauseMs);
      const measured = await measure();
      if (round > 0) results[index]?.push(measured);
    }
  }
  return results;
}

/** Resolves once the client knows that the model is warm. */
export async function untilListed(client: NodeProcess, model: string): Promise<void> {
  const response = await fetch(`${client.ready.console}/api/events`);
  if (response.body === null) throw new Error("The client sends no events");
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes(`"name":"${model}"`) && text.includes(`"state":"warm"`)) return;
  }
}
