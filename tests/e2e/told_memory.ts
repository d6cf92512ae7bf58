/** The memory that a node's llama.cpp holds, by the lines of llama-server's own log. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { NodeProcess } from "../support/node_process.ts";
import { engineProcesses } from "../support/processes.ts";
import { until } from "./mesh_of_nodes.ts";

const ROUNDING_BYTES = 2 ** 20 / 100;

/** The one llama-server of a node, as it was started the last time. */
export async function serverLog({ dataDir }: Pick<NodeProcess, "dataDir">): Promise<string> {
  const folder = join(dataDir, "logs");
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  const server = names.find((name) => name.startsWith("llama-server"));
  assert(server !== undefined, names.join(", "));
  const log = await Deno.readTextFile(join(folder, server));
  return log.slice(log.lastIndexOf("loading model tensors"));
}

/** The bytes of each device that a host of a split holds, counted from the only log that tells: workers tell themselves. */
async function hostBytes(host: NodeProcess): Promise<Record<string, number>> {
  const [own] = await engineProcesses(host.pid, "rpc-server");
  const port = / -p (\d+)/.exec(own?.command ?? "")?.[1];
  const bytes: Record<string, number> = {};
  const lines = (await serverLog(host)).matchAll(/(\S+) +\w+ buffer size = +([\d.]+) MiB/g);
  for (const [, buffer = "", size] of lines) {
    if (buffer.startsWith("RPC") && !buffer.endsWith(`:${port}]`)) continue;
    const device = /^Vulkan\d+$/.test(buffer) ? buffer : "CPU";
    bytes[device] = (bytes[device] ?? 0) + Number(size) * 2 ** 20;
  }
  return bytes;
}

/** Waits until the node says of its own share of a split what llama-server has told. */
export async function tellsItsShare(host: NodeProcess, model: string): Promise<void> {
  const told = await hostBytes(host);
  assert.ok(Object.values(told).some((bytes) => bytes > 0), "llama-server tells nothing");
  await until(host, `as llama-server tells: ${JSON.stringify(told)}`, ({ node }) => {
    const share = node.serving.find((one) => one.model === model && one.role === "host");
    const names = new Set([...Object.keys(told), ...Object.keys(share?.reservedBytes ?? {})]);
    return share !== undefined &&
      [...names].every((name) =>
        Math.abs((share.reservedBytes[name] ?? 0) - (told[name] ?? 0)) <= ROUNDING_BYTES
      );
  }, 20_000);
}
