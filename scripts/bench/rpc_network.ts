/**
 * `deno task bench rpc --network`: loads of a split between two network namespaces at a known rate, through
 * the mesh and by stock llama.cpp in the same run, and the bytes that the cable says that it carried. The
 * outer process makes the namespaces and runs itself in one of them; what it measures is one JSON line.
 */

import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { llamaServerArguments, rpcServerArguments } from "../../src/engine/process/arguments.ts";
import { type Engine, machineThreads } from "../../src/engine/mod.ts";
import { loadModel } from "../../src/models/gguf/local_model.ts";
import { WeightLibrary } from "../../src/models/mod.ts";
import { testBinDir, testEngine } from "../../tests/support/engine.ts";
import { type NodeProcess, startNode } from "../../tests/support/node_process.ts";
import { temporaryFolder } from "../../tests/support/program.ts";
import { cachedRandomModel } from "../../tests/support/random_model.ts";
import { fromRoot, say } from "../run.ts";
import { machine, markdownTable } from "./figures.ts";
import { bytesSentBy, type Cable, layCable } from "./namespaces.ts";
import { writeSection } from "./page.ts";
import { healthy, listening, spawned } from "./programs.ts";

const TITLE = "Zero-transfer weights over a network";

/** The aims at each rate, and layers of 59 MB that make its direct load take some 10 s. */
const LINES = [
  { rate: "100mbit", layers: 3, aim: 8 },
  { rate: "1gbit", layers: 14, aim: 3 },
] as const;

/** Host first. The host's share goes through an rpc-server of its own, directly as in the mesh. */
const SHARES = [0.1, 0.9] as const;

/** One load: how long it took, what the cable carried of it, what we counted on our streams. */
interface Load {
  readonly loadMs: number;
  readonly cableBytes: number;
  readonly countedBytes: number;
}

/** The loads by one way between the nodes. */
type WayLoads = Readonly<Record<"having" | "first" | "second", Load>>;

/** The ways, and what chooses them. */
const WAYS = [{ name: "wide lane", args: [] }, { name: "QUIC", args: ["--no-wide-lane"] }] as const;

interface LineResult {
  readonly direct: Load;
  readonly ways: readonly WayLoads[];
}

export async function runNetwork(): Promise<void> {
  const rows: string[][] = [];
  for (const { rate, layers, aim } of LINES) {
    await using cable = await layCable(rate);
    using _interrupted = onInterrupt(() => cable[Symbol.asyncDispose]());
    rows.push(...rowsOf(rate, aim, await measureInside(cable, layers)));
  }
  const body =
    `${await machine()}; one run; veth with tbf on both ends, a tenth of the model stays ` +
    `with the host.\n\n${markdownTable(["figure", ...WAYS.map(({ name }) => name), "aim"], rows)}`;
  say(body);
  await writeSection(TITLE, body);
}

/** Namespaces outlive their maker: whoever stops the benchmark half-way shall not find them later. */
function onInterrupt(cleanUp: () => PromiseLike<void>): Disposable {
  const end = () => void cleanUp().then(() => Deno.exit(130));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, end);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, end);
    },
  };
}

async function measureInside(cable: Cable, layers: number): Promise<LineResult> {
  const { near, far, farAddress, nearLink } = cable;
  const inside = JSON.stringify({ far, farAddress, nearLink, layers });
  const child = new Deno.Command("ip", {
    args: [
      "netns",
      "exec",
      near,
      Deno.execPath(),
      "run",
      "-A",
      fromRoot("scripts/bench.ts"),
      "rpc",
      "--inside",
      inside,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  });
  const { success, stdout } = await child.output();
  if (!success) {
    throw new Error(`The loads at this rate failed: ${new TextDecoder().decode(stdout)}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1) ?? "");
}

function rowsOf(rate: string, aim: number, { direct, ways }: LineResult): string[][] {
  const row = (name: string, wanted: string, value: (loads: WayLoads) => string) => [
    `${rate}: ${name}`,
    ...ways.map(value),
    wanted,
  ];
  const of = (part: number, all: number, digits: number) => (part / all).toFixed(digits);
  return [
    row("direct", "", () => loadText(direct)),
    row("worker has the file", "", ({ having }) => loadText(having)),
    row("direct / with the file", `>= ${aim}`, ({ having }) => of(direct.loadMs, having.loadMs, 1)),
    row("first load without the file", "", ({ first }) => loadText(first)),
    row("first without / direct", "<= 1.05", ({ first }) => of(first.loadMs, direct.loadMs, 2)),
    row("second load without the file", "", ({ second }) => loadText(second)),
    row(
      "bytes of the second, of direct",
      "<= 1 %",
      ({ second }) => `${of(100 * second.cableBytes, direct.cableBytes, 2)} %`,
    ),
  ];
}

function loadText({ loadMs, cableBytes, countedBytes }: Load): string {
  const counted = countedBytes === 0 ? "" : `, ${mega(countedBytes)} counted by us`;
  return `${loadMs.toFixed(0)} ms, ${mega(cableBytes)}${counted}`;
}

const mega = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

/** The facts that the outer process passes to the inner one. */
interface Inside {
  readonly far: string;
  readonly farAddress: string;
  readonly nearLink: string;
  readonly layers: number;
}

/** Runs in the host's namespace. */
export async function runInside(text: string): Promise<void> {
  const inside: Inside = JSON.parse(text);
  const modelPath = cachedRandomModel({ layers: inside.layers });
  const engine = await testEngine();
  await using folder = await temporaryFolder();
  const direct = await directLoad(engine, modelPath, inside);
  const hostDir = join(folder.path, "host");
  await hashAhead(hostDir, modelPath);
  const ways: WayLoads[] = [];
  for (const [index, { args }] of WAYS.entries()) {
    const { nearLink, far } = inside;
    const host = { modelPath, dataDir: hostDir, nearLink, args };
    const dataDir = (what: string) => join(folder.path, `${what}-${index}`);
    await hashAhead(dataDir("with"), modelPath);
    const having = { namespace: far, dataDir: dataDir("with"), model: modelPath };
    const lacking = { namespace: far, dataDir: dataDir("without"), model: null };
    ways.push({
      having: await meshLoad(host, having),
      first: await meshLoad(host, lacking),
      second: await meshLoad(host, lacking),
    });
  }
  say(JSON.stringify({ direct, ways } satisfies LineResult));
}

/** Stock llama.cpp, with the arguments that a node gives it, until it answers. */
async function directLoad(engine: Engine, modelPath: string, inside: Inside): Promise<Load> {
  const [ownPort, farPort, port] = [52_001, 52_002, 52_003];
  const rpc = { kind: "rpc-server", modelPath: null } as const;
  const threads = { threads: (await machineThreads()).count };
  const own = rpcServerArguments(rpc, engine, { port: ownPort, ...threads });
  const far = rpcServerArguments(rpc, engine, { port: farPort, ...threads })
    .map((argument) => argument === "127.0.0.1" ? inside.farAddress : argument);
  const llama = llamaServerArguments(
    {
      kind: "llama-server",
      modelPath,
      modelName: "direct",
      contextLength: 2_048,
      split: [{ rpcPort: ownPort, share: SHARES[0] }, { rpcPort: farPort, share: SHARES[1] }],
    },
    engine,
    { port },
  ).map((argument) => argument.replace(`127.0.0.1:${farPort}`, `${inside.farAddress}:${farPort}`));
  await using _own = spawned(engine.rpcServer, own);
  await using _far = spawned("ip", ["netns", "exec", inside.far, engine.rpcServer, ...far]);
  await listening("127.0.0.1", ownPort);
  await listening(inside.farAddress, farPort);
  const before = await bytesSentBy(inside.nearLink);
  const startedMs = performance.now();
  await using _llama = spawned(engine.llamaServer, llama);
  await healthy(`http://127.0.0.1:${port}/health`);
  const loadMs = performance.now() - startedMs;
  return { loadMs, cableBytes: await bytesSentBy(inside.nearLink) - before, countedBytes: 0 };
}

interface Host {
  readonly modelPath: string;
  readonly dataDir: string;
  readonly nearLink: string;
  /** More options, of its worker too. */
  readonly args: readonly string[];
}

interface Worker {
  readonly namespace: string;
  readonly dataDir: string;
  readonly model: string | null;
}

/** A split over a worker that has just joined. */
async function meshLoad(host: Host, worker: Worker): Promise<Load> {
  const common = ["--bin-dir", await testBinDir(), ...host.args];
  // The one with more memory is elected host.
  const [more, less] = [["--max-vram", "8"], ["--max-vram", "4"]];
  await using node = await startNode({
    dataDir: host.dataDir,
    args: [
      "--model",
      host.modelPath,
      "--split",
      "--tensor-split",
      SHARES.join(),
      ...more,
      ...common,
    ],
  });
  const name = String((await node.waitFor("serving")).model);
  const since = node.lines.length;
  const before = await bytesSentBy(host.nearLink);
  await using _worker = await startNode({
    namespace: worker.namespace,
    dataDir: worker.dataDir,
    args: [
      "--join",
      node.token,
      ...less,
      ...worker.model === null ? [] : ["--model", worker.model],
      ...common,
    ],
  });
  const { loadMs } = await node.serving(name, { since, timeoutMs: 180_000 });
  return {
    loadMs: Number(loadMs),
    cableBytes: await bytesSentBy(host.nearLink) - before,
    countedBytes: await countedBytes(node),
  };
}

async function countedBytes(node: NodeProcess): Promise<number> {
  const { tunnels } = await node.status();
  return tunnels.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

/** A node hashes its models when it starts; a load is to be measured, not that. */
async function hashAhead(dataDir: string, modelPath: string): Promise<void> {
  await Deno.mkdir(dataDir, { recursive: true });
  const library = await WeightLibrary.open({ dataDir, logger: getLogger("bench") });
  await library.index([await loadModel(modelPath)], new AbortController().signal);
}
