/** Looks at this machine and asks the running node. */

import { reasonOf } from "../../../base/as_error.ts";
import { createSocket } from "node:dgram";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import type { CatalogEntry, PeerCheck, Setting, Status } from "../../../api/mod.ts";
import { adviseOnEngine, type Engine } from "../../../engine/mod.ts";
import { systemWords } from "../../../base/system_error.ts";
import { askCatalog } from "../../client/ask_catalog.ts";
import type { DoctorCommand } from "../../config/command.ts";
import { findEngine, offeredDevices } from "../../client/find_engine.ts";
import {
  findRunningNode,
  NodeNotRunningError,
  type RunningNodeClient,
} from "../../client/running_node.ts";
import { askSettings } from "../../client/running_settings.ts";
import type { Runtime } from "../../terminal/runtime.ts";
import { readLastLook } from "../../update/last_look.ts";
import { VERSION } from "../../base/version.ts";
import type { DoctorFacts, EngineFact, PortFact } from "./facts.ts";

/** Files that a node writes at each start, or while it runs. */
const OWN_FILES = ["node.json", "identity.json", "mesh.json", "lock"];

export async function gatherFacts(command: DoctorCommand, runtime: Runtime): Promise<DoctorFacts> {
  const { config } = command;
  const client = await findRunningNode(config.dataDir).catch(noneRunning);
  const node = client === null ? null : await askNode(client);
  const settings = client === null ? null : await askSettings(client);
  const [engine, ports, dataDir, entries] = await Promise.all([
    node === null
      ? engineOf(command, runtime)
      : engineOfNode({ ...node, settings: settings ?? [] }, command, runtime),
    settings === null ? portsOf(command, client !== null) : portsOfNode(settings),
    dataDirOf(config.dataDir),
    // A directory that can't be used is a finding of its own.
    askCatalog({ ...config.models, dataDir: config.dataDir }, runtime).then(
      (known) => known.entries,
      (): CatalogEntry[] => [],
    ),
  ]);
  const onDisk = entries.filter(({ places }) => places.includes("disk"));
  const brokenModels = onDisk.flatMap(({ broken }) => broken === null ? [] : [broken]);
  return {
    version: VERSION,
    engine,
    quicProblem: await quicProblemOf(config.dataDir),
    ports,
    dataDir,
    brokenModels,
    models: onDisk.length - brokenModels.length,
    nowMs: Date.now(),
    update: Deno.build.standalone ? { look: await readLastLook(config.dataDir) } : null,
    node,
  };
}

async function quicProblemOf(dataDir: string): Promise<string | null> {
  const { quicProblem } = await import("../../../mesh/mod.ts");
  return quicProblem(join(dataDir, "cache"));
}

function noneRunning(error: unknown): null {
  if (error instanceof NodeNotRunningError) return null;
  throw error;
}

async function askNode(client: RunningNodeClient): Promise<DoctorFacts["node"]> {
  // The node that answers is this program; its contract is docs/management-api.md.
  const [status, peers] = await Promise.all([
    client.get("/api/status"),
    client.get("/api/peers/check"),
  ]);
  return { status: status as Status, peers: peers as PeerCheck[] };
}

async function engineOf({ config }: DoctorCommand, runtime: Runtime): Promise<EngineFact> {
  try {
    const { dataDir } = config;
    const engine = await findEngine({ ...config.engine, dataDir }, runtime);
    const devices = await offeredDevices(engine, config.engine);
    const isChosen = config.engine.devices !== null;
    return await factOf({ ...engine, devices }, { dataDir, isChosen });
  } catch (error) {
    return { kind: "fails", sentence: reasonOf(error) };
  }
}

/** The one that it uses, wherever it found that. */
async function engineOfNode(
  { status: { node }, settings }: Pick<NonNullable<DoctorFacts["node"]>, "status"> & {
    readonly settings: readonly Setting[];
  },
  command: DoctorCommand,
  runtime: Runtime,
): Promise<EngineFact> {
  const { engine, role } = node;
  if (role === "client") return { kind: "none" };
  if (engine === null) return await engineOf(command, runtime);
  const { path: llamaServer, build, rpcProtocol } = engine;
  const { dataDir } = command.config;
  const chosen = settings.find(({ name }) => name === "device")?.value ?? null;
  const left = await leftOutNow(llamaServer, command, runtime);
  const leftOut = left.filter(({ name }) => !node.devices.some((device) => device.name === name));
  const facts = { llamaServer, build, rpcProtocol, devices: node.devices, leftOut };
  return await factOf(facts, { dataDir, isChosen: chosen !== null });
}

/** A node tells only the devices that it uses. */
async function leftOutNow(
  llamaServer: string,
  { config: { engine, dataDir } }: DoctorCommand,
  runtime: Runtime,
): Promise<Engine["leftOut"]> {
  const { binDir } = engine;
  const found = await findEngine({ dataDir, binDir }, runtime).catch(() => null);
  return found?.llamaServer === llamaServer ? found.leftOut : [];
}

async function factOf(
  { build, rpcProtocol, llamaServer, devices, leftOut }:
    & Pick<Engine, "llamaServer" | "build" | "rpcProtocol" | "leftOut">
    & { readonly devices: Status["node"]["devices"] },
  options: { readonly dataDir: string; readonly isChosen: boolean },
): Promise<EngineFact> {
  const used = { llamaServer, devices: devices.filter(({ name }) => name !== "CPU"), leftOut };
  const { record: _, ...advice } = await adviseOnEngine(used, options);
  return { kind: "works", build, rpcProtocol, devices, leftOut, advice };
}

/** Those that the node was started with, and has; a free one has no number to look for. */
function portsOfNode(settings: readonly Setting[]): PortFact[] {
  return (["port", "console-port", "bind-port"] as const).flatMap((name) => {
    const port = settings.find((setting) => setting.name === name)?.value;
    if (typeof port !== "number" || port === 0) return [];
    const protocol = name === "bind-port" ? "UDP" as const : "TCP" as const;
    return [{ flag: `--${name}`, port, protocol, use: "this node" as const }];
  });
}

async function portsOf({ config }: DoctorCommand, isRunning: boolean): Promise<PortFact[]> {
  const { port, consolePort, listen, consoleListen } = config.api;
  const { bindPort } = config.mesh;
  const asked = [
    { flag: "--port", port, hostname: listen, protocol: "TCP" as const },
    {
      flag: "--console-port",
      port: consolePort,
      hostname: consoleListen,
      protocol: "TCP" as const,
    },
    { flag: "--bind-port", port: bindPort ?? 0, hostname: "0.0.0.0", protocol: "UDP" as const },
  ].filter(({ port }) => port !== 0);
  return await Promise.all(asked.map(async ({ flag, port, hostname, protocol }) => {
    const isFree = protocol === "TCP" ? canListen(hostname, port) : canBind(hostname, port);
    const use = await isFree ? "free" : isRunning ? "this node" : "another program";
    return { flag, port, protocol, use } as const;
  }));
}

function canListen(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch {
    return false;
  }
}

function canBind(hostname: string, port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("error", () => resolve(false));
  socket.bind(port, hostname, () => socket.close(() => resolve(true)));
  return promise;
}

async function dataDirOf(path: string): Promise<DoctorFacts["dataDir"]> {
  const unusable = await whyUnusable(path);
  const freeBytes = unusable === null
    ? await statfs(path).then(({ bavail, bsize }) => bavail * bsize)
    : null;
  const times = await Promise.all(OWN_FILES.map(async (name) => {
    const file = await Deno.stat(join(path, name)).catch(() => null);
    return file?.mtime?.getTime() ?? 0;
  }));
  const newestMs = Math.max(...times) || null;
  const { dataDirWarning } = await import("../../../node/mod.ts");
  return { path, unusable, warning: await dataDirWarning(path), freeBytes, newestMs };
}

/** Writes and removes a file: permissions alone do not tell of a read-only or full disk. */
async function whyUnusable(path: string): Promise<string | null> {
  try {
    const { makeDataDir } = await import("../../../node/mod.ts");
    await makeDataDir(path);
    await Deno.remove(await Deno.makeTempFile({ dir: path, prefix: "doctor-" }));
    return null;
  } catch (error) {
    // The finding gives the remedy.
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return systemWords(reason);
  }
}
