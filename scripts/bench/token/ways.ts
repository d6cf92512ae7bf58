/** The ways from a llama-server to an rpc-server on another machine: one core for each machine, the same link for all. */

import { join } from "node:path";
import { llamaServerArguments, rpcServerArguments } from "../../../src/engine/process/arguments.ts";
import type { Engine } from "../../../src/engine/mod.ts";
import { testBinDir } from "../../../tests/support/engine.ts";
import { type NodeProcess, startNode } from "../../../tests/support/node_process.ts";
import { fromRoot } from "../../run.ts";
import { ownServer } from "../api/own_server.ts";
import { ONE_CORE } from "../cores.ts";
import { repeatedly, spawned } from "../programs.ts";
import { selfSigned } from "./self_signed.ts";
import { command } from "../../../tests/support/namespaces.ts";
import type { DelayLink } from "./delay_link.ts";

/** One of them, with its llama-server loaded. */
export interface Way {
  readonly name: string;
  /** The processes that carry the bytes; none where nothing stands between. */
  readonly host: NodeProcess | { readonly pid: number } | null;
  readonly worker: NodeProcess | { readonly pid: number } | null;
  /** Asks for so many tokens; resolves with the milliseconds of one, by llama-server's own clock. */
  readonly tokenMs: (tokens: number) => Promise<number>;
}

export interface Place {
  readonly link: DelayLink;
  readonly engine: Engine;
  readonly modelPath: string;
  /** For a certificate. */
  readonly folder: string;
}

const [HOST_CORE, WORKER_CORE] = ["0", "1"];
const CONTEXT = 2_048;
let lastPort = 52_100;

export async function directWay(place: Place, stack: AsyncDisposableStack): Promise<Way> {
  const { near, far, farAddress } = place.link;
  const port = await rpcServer(
    place,
    { space: far, core: WORKER_CORE, address: farAddress },
    stack,
  );
  const url = await llamaServer(place, wholeBy(`${farAddress}:${port}`), stack);
  return { name: "direct", host: null, worker: null, tokenMs: asking(near, url, null) };
}

/** A plain relay at each end, over TCP or TLS. */
export async function pumpedWay(
  place: Place,
  how: "tcp" | "tls",
  stack: AsyncDisposableStack,
): Promise<Way> {
  const { link } = place;
  const [near, between] = [++lastPort, ++lastPort];
  const target = await rpcServer(
    place,
    { space: link.far, core: WORKER_CORE, address: "127.0.0.1" },
    stack,
  );
  const certificate = how === "tls" ? await selfSigned(place.folder, link.farAddress) : [];
  const start = (side: "near" | "far", core: string, local: number) => {
    const args = ["exec", link[side], "taskset", "-c", core, Deno.execPath(), "run", "-A", "-q"];
    const pump = [fromRoot("scripts/bench/token/pump.ts"), side, how, link.farAddress];
    const all = ["netns", ...args, ...pump, `${between}`, `${local}`, ...certificate];
    return stack.use(spawned("ip", all));
  };
  const worker = start("far", WORKER_CORE, target);
  await listening(link.far, between);
  const host = start("near", HOST_CORE, near);
  await listening(link.near, near);
  const url = await llamaServer(place, wholeBy(`127.0.0.1:${near}`), stack);
  return {
    name: `plain relays over ${how.toUpperCase()}`,
    host,
    worker,
    tokenMs: asking(link.near, url, null),
  };
}

/**
 * Two nodes; llama-server is asked past the host's API, for that is measured elsewhere.
 * @param trace the folder for the files `host` and `worker` of what they have counted.
 */
export async function meshWay(
  { link, modelPath }: Place,
  stack: AsyncDisposableStack,
  trace?: string,
): Promise<Way> {
  const common = ["--bin-dir", await testBinDir()];
  const program = (side: string) =>
    trace === undefined ? { env: ONE_CORE } : {
      main: fromRoot("scripts/bench/token/traced_main.ts"),
      env: { ...ONE_CORE, MESH_LLM_TRACE: join(trace, side) },
    };
  const host = stack.use(
    await startNode({
      ...program("host"),
      name: "host",
      namespace: link.near,
      core: HOST_CORE,
      args: [
        ...["--model", modelPath, "--split", "--tensor-split", "0,1", "--no-draft"],
        ...["--max-vram", "8", ...common],
      ],
    }),
  );
  const model = String((await host.waitFor("serving")).model);
  const since = host.lines.length;
  const worker = stack.use(
    await startNode({
      ...program("worker"),
      name: "worker",
      namespace: link.far,
      core: WORKER_CORE,
      args: ["--join", host.token, "--model", modelPath, "--max-vram", "4", ...common],
    }),
  );
  await host.serving(model, { since, timeoutMs: 120_000 });
  const { url, apiKey } = await ownServer(host);
  return { name: "mesh", host, worker, tokenMs: asking(link.near, url, apiKey) };
}

/** A machine of the benchmark, and where its rpc-server listens. */
export interface RpcPlace {
  readonly space: string;
  readonly core: string;
  readonly address: string;
}

/** @returns its port. */
export async function rpcServer(
  { engine }: Place,
  { space, core, address }: RpcPlace,
  stack: AsyncDisposableStack,
): Promise<number> {
  const port = ++lastPort;
  const spec = { kind: "rpc-server", modelPath: null } as const;
  const args = rpcServerArguments(spec, engine, { port, threads: 1 })
    .map((argument) => argument === "127.0.0.1" ? address : argument);
  stack.use(spawned("ip", onCore(space, core, engine.rpcServer, args), ONE_CORE));
  await listening(space, port);
  return port;
}

/** A llama-server's workers, and more of its arguments. */
export interface ServerOfSplit {
  readonly workers: readonly { readonly address: string; readonly share: number }[];
  readonly contextLength: number;
  readonly args?: readonly string[];
}

const wholeBy = (address: string): ServerOfSplit => ({
  workers: [{ address, share: 1 }],
  contextLength: CONTEXT,
});

/** @returns its URL, once it answers. */
export async function llamaServer(
  { link, engine, modelPath }: Place,
  { workers, contextLength, args = [] }: ServerOfSplit,
  stack: AsyncDisposableStack,
): Promise<string> {
  const port = ++lastPort;
  const split = workers.map(({ share }, index) => ({ rpcPort: index + 1, share }));
  const spec = {
    kind: "llama-server",
    modelPath,
    modelName: "bench",
    contextLength,
    split,
  } as const;
  const all = llamaServerArguments({ ...spec, args }, engine, { port, threads: 1 });
  all[all.indexOf("--rpc") + 1] = workers.map(({ address }) => address).join(",");
  stack.use(spawned("ip", onCore(link.near, HOST_CORE, engine.llamaServer, all), ONE_CORE));
  const url = `http://127.0.0.1:${port}`;
  await repeatedly(() =>
    command("ip", ["netns", "exec", link.near, "curl", "-sf", `${url}/health`])
  );
  return url;
}

function onCore(space: string, core: string, program: string, args: readonly string[]): string[] {
  return ["netns", "exec", space, "taskset", "-c", core, program, ...args];
}

function asking(space: string, url: string, apiKey: string | null): Way["tokenMs"] {
  return async (tokens) => {
    const answer = await completion({ space, url, apiKey }, {
      prompt: "user: what is a mesh?\nassistant: ",
      n_predict: tokens,
      temperature: 0,
      ignore_eos: true,
    });
    const took = /"predicted_per_token_ms":([\d.]+)/.exec(answer)?.[1];
    if (took === undefined) throw new Error(`${url} answered no tokens: ${answer.slice(0, 500)}`);
    return Number(took);
  };
}

/** A llama-server as it is asked from within its namespace. */
export interface AskedServer {
  readonly space: string;
  readonly url: string;
  readonly apiKey: string | null;
}

/** The text of the answer. By curl, for this process is in neither namespace. */
export async function completion(
  { space, url, apiKey }: AskedServer,
  request: object,
): Promise<string> {
  const { stdout } = await new Deno.Command("ip", {
    args: [
      ...["netns", "exec", space, "curl", "-sS", "--max-time", "300", `${url}/completion`],
      ...["-H", "content-type: application/json", "-d", JSON.stringify(request)],
      ...(apiKey === null ? [] : ["-H", `authorization: Bearer ${apiKey}`]),
    ],
  }).output();
  return new TextDecoder().decode(stdout);
}

/** rpc-server and the relays serve who comes first, so nobody connects to find out. */
async function listening(space: string, port: number): Promise<void> {
  const args = ["netns", "exec", space, "ss", "-ltnH", `sport = :${port}`];
  await repeatedly(async () => {
    const { stdout } = await new Deno.Command("ip", { args }).output();
    if (stdout.length === 0) throw new Error(`Nobody listens on port ${port}`);
  });
}
