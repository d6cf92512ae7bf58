/** A split whose wide lane alone breaks: TCP is reset or swallowed while UDP lives. Real nodes, real llama.cpp. */

import assert from "node:assert/strict";
import type { Status } from "../../src/api/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import { command } from "../support/namespaces.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { buildOneNetwork, type NetworkMachine } from "../support/one_network.ts";
import { engineProcesses } from "../support/processes.ts";
import { whyNoRouters } from "../support/two_homes.ts";
import { answerTo, QUESTION, until, warm } from "./mesh_of_nodes.ts";
import { networkTest, startOn } from "./nodes_on_network.ts";
import { streamedAnswer } from "./streamed_answer.ts";

/** About 15 ms a token on one thread. */
const MODEL = cachedBallast({ layers: 4, sizeBytes: 60_000_000 });
const NAME = MODEL.replace(/^.*\//, "").replace(/\.gguf$/, "");

/** Of UDP, and of the lane. */
const PORT = 47_001;

/** A part of what the worker gets of the weights. */
const HALF_LOADED_BYTES = 5_000_000;

const VERDICTS = { reset: "reject with tcp reset", silence: "drop" } as const;

/** Closes the lane's port of a machine for what comes by TCP, once so many bytes have come, and opens it again. */
function firewallOf({ namespace }: NetworkMachine) {
  const nft = (...statements: string[]) =>
    command("ip", ["netns", "exec", namespace, "nft", statements.join("\n")]);
  return {
    close: (by: keyof typeof VERDICTS, { afterBytes = 0 } = {}) =>
      nft(
        "add table inet lane",
        "add chain inet lane in { type filter hook input priority 0; }",
        `add rule inet lane in tcp dport ${PORT} quota over ${afterBytes} bytes ${VERDICTS[by]}`,
      ),
    open: () => nft("delete table inet lane"),
  };
}

const splitBy = (way: "tcp" | "quic") => (status: Status) =>
  warm(NAME, "split")(status) && status.peers[0]?.bulk === way;

/** Whole and exact, or it throws. @param meanwhile is called while the answer is being given. */
async function answered(node: NodeProcess, meanwhile?: () => Promise<void>): Promise<void> {
  let done: Promise<void> | undefined;
  const then = () => done = meanwhile?.();
  const asked = { model: NAME, question: QUESTION, at: 3, then };
  const { text, ends, ids } = await streamedAnswer(node.ready.api, asked);
  await done;
  assert.deepEqual({ text, ends, ids: ids.size }, { text: answerTo(QUESTION), ends: 1, ids: 1 });
}

async function killServer(node: NodeProcess): Promise<void> {
  const [server] = await engineProcesses(node.pid, "llama-server");
  assert.ok(server !== undefined);
  Deno.kill(server.pid, "SIGKILL");
}

/** A lane that failed is tried again after some seconds: a load that comes sooner goes over QUIC as well. */
async function returnsToTcp(host: NodeProcess): Promise<void> {
  do {
    await answered(host, () => killServer(host));
    await until(host, "a split again", warm(NAME, "split"));
  } while (!splitBy("tcp")(await host.status()));
}

const reason = await whyNoRouters();

function laneTest(name: string, fn: () => Promise<void>): void {
  if (reason === null) networkTest(name, fn);
  else Deno.test.ignore(`${name} (${reason})`, fn);
}

function split({ machines: [near, far] }: Awaited<ReturnType<typeof buildOneNetwork>>) {
  assert.ok(near !== undefined && far !== undefined);
  const start = (machine: NetworkMachine, ...args: string[]) =>
    startOn(machine, ["--bind-port", `${PORT}`, ...args]);
  return {
    firewall: firewallOf(far),
    startHost: () => start(near, "--model", MODEL, "--split", "--max-vram", "2"),
    startWorker: ({ token }: NodeProcess) => start(far, "--join", token, "--max-vram", "1"),
  };
}

laneTest(
  "a lane that is reset in mid-load, falls silent in mid-answer, or is closed from the start costs no answer, and comes back",
  async () => {
    // The second has the time in which the first waits.
    const both = await Promise.allSettled([brokenOnTheWay(), closedFromTheStart()]);
    for (const one of both) if (one.status === "rejected") throw one.reason;
  },
);

async function brokenOnTheWay(): Promise<void> {
  await using network = await buildOneNetwork(2);
  const { firewall, startHost, startWorker } = split(network);
  await firewall.close("reset", { afterBytes: HALF_LOADED_BYTES });
  await using host = await startHost();
  await using worker = await startWorker(host);
  await host.waitFor(({ message }) => `${message}`.includes("could not be loaded"));
  await until(host, "split over QUIC", splitBy("quic"));
  await firewall.open();
  await returnsToTcp(host);
  await answered(worker, () => firewall.close("silence"));
  await until(host, "split over QUIC", splitBy("quic"));
  await answered(host);
}

async function closedFromTheStart(): Promise<void> {
  await using network = await buildOneNetwork(2);
  const { firewall, startHost, startWorker } = split(network);
  await firewall.close("silence");
  await using host = await startHost();
  await using _worker = await startWorker(host);
  await until(host, "split over QUIC", splitBy("quic"));
  await answered(host);
}
