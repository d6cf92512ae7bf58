/** The ways of a prompt through a split of two machines, each with half of the layers and a core. */

import { testBinDir } from "../../../tests/support/engine.ts";
import { startNode } from "../../../tests/support/node_process.ts";
import { ownServer } from "../api/own_server.ts";
import { ONE_CORE, pin } from "../cores.ts";
import { completion, llamaServer, type Place, rpcServer } from "../token/ways.ts";

export type { Place } from "../token/ways.ts";

/** Milliseconds that a prompt of so many tokens takes, by llama-server's own clock. */
type PromptMs = (tokens: number) => Promise<number>;

/** Starts one whose prompts are computed so many tokens at once. */
export type PromptWay = (
  place: Place,
  size: number,
  stack: AsyncDisposableStack,
) => Promise<PromptMs>;

const [HOST_CORE, WORKER_CORE] = ["0", "1"];
const CONTEXT = 4_608;
/** Words of the guide's vocabulary, none of them special. */
const [FIRST_WORD, WORDS] = [40, 200];

export async function directPrompt(
  place: Place,
  size: number,
  stack: AsyncDisposableStack,
): Promise<PromptMs> {
  const { near, far, farAddress } = place.link;
  const own = await rpcServer(place, { space: near, core: HOST_CORE, address: "127.0.0.1" }, stack);
  const other = await rpcServer(
    place,
    { space: far, core: WORKER_CORE, address: farAddress },
    stack,
  );
  const workers = [
    { address: `127.0.0.1:${own}`, share: 0.5 },
    { address: `${farAddress}:${other}`, share: 0.5 },
  ];
  const args = ["--ubatch-size", `${size}`];
  const server = await llamaServer(place, { workers, contextLength: CONTEXT, args }, stack);
  return asking(near, server, null);
}

export async function meshPrompt(
  { link, modelPath }: Place,
  size: number,
  stack: AsyncDisposableStack,
): Promise<PromptMs> {
  const common = ["--bin-dir", await testBinDir(), "--no-draft"];
  const host = stack.use(
    await startNode({
      env: { ...ONE_CORE, LLAMA_ARG_UBATCH: `${size}` },
      namespace: link.near,
      args: [
        ...["--model", modelPath, "--split", "--tensor-split", "0.5,0.5", "--ctx", `${CONTEXT}`],
        ...["--max-vram", "8", ...common],
      ],
    }),
  );
  await pin(host.pid, HOST_CORE);
  const model = String((await host.waitFor("serving")).model);
  const since = host.lines.length;
  const worker = stack.use(
    await startNode({
      env: ONE_CORE,
      namespace: link.far,
      args: ["--join", host.token, "--model", modelPath, "--max-vram", "4", ...common],
    }),
  );
  await pin(worker.pid, WORKER_CORE);
  await host.serving(model, { since, timeoutMs: 120_000 });
  await pin(host.pid, HOST_CORE);
  await pin(worker.pid, WORKER_CORE);
  const { url, apiKey } = await ownServer(host);
  return asking(link.near, url, apiKey);
}

function asking(space: string, url: string, apiKey: string | null): PromptMs {
  return async (count) => {
    const prompt = Array.from({ length: count }, (_, index) => FIRST_WORD + index * 7 % WORDS);
    const body = { prompt, n_predict: 1, cache_prompt: false };
    const answer = await completion({ space, url, apiKey }, body);
    const took = /"prompt_ms":([\d.]+)/.exec(answer)?.[1];
    if (took === undefined) throw new Error(`${url} computed no prompt: ${answer.slice(0, 500)}`);
    return Number(took);
  };
}
