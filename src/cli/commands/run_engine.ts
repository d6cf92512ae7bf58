/** `mesh-llm engine show` and `mesh-llm engine install`. */

import { getLogger } from "@logtape/logtape";
import type { Status } from "../../api/mod.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { proxySettings } from "../../base/proxy_choice.ts";
import { downloadWorld } from "../../downloads/mod.ts";
import {
  adviseOnEngine,
  type Backend,
  type Engine,
  type EngineRecord,
  installEngine,
  type InstallProgress,
  type LeftDevice,
} from "../../engine/mod.ts";
import type { EngineInstallCommand, EngineShowCommand } from "../config/command.ts";
import { ownFolders } from "../client/own_folders.ts";
import { findEngine, offeredDevices } from "../client/find_engine.ts";
import { askPeerEngine, type PeerEngine } from "../client/peer_engine.ts";
import { findRunningNode, NodeAnswerError, NodeNotRunningError } from "../client/running_node.ts";
import { deviceText } from "../base/device_text.ts";
import { printOut, styled } from "../base/output.ts";
import { progressLine } from "../base/progress_line.ts";
import type { Runtime } from "../terminal/runtime.ts";
import { Screen } from "../base/screen.ts";

/** As a node of this data directory would find it. */
export async function runEngineShow(command: EngineShowCommand, runtime: Runtime): Promise<number> {
  const { dataDir } = command;
  const binDir = command.binDir ?? ownFolders(dataDir, runtime).binDir;
  return await showEngine({ ...command, binDir }, runtime);
}

async function showEngine(command: EngineShowCommand, runtime: Runtime): Promise<number> {
  const engine = await findEngine(command, runtime);
  const devices = await runningDevices(command.dataDir) ?? await offeredDevices(engine);
  const advice = await adviseOnEngine(engine, { dataDir: command.dataDir, isChosen: false });
  const show = command.json ? engineJson : engineText;
  printOut(show(engine, devices, advice));
  return 0;
}

/** Shows what was installed, as `engine show` does. */
export async function runEngineInstall(
  command: EngineInstallCommand,
  runtime: Runtime,
): Promise<number> {
  const { dataDir, backend } = command;
  const { makeDataDir } = await import("../../node/mod.ts");
  const { guideTrial } = await import("../../models/mod.ts");
  await makeDataDir(dataDir);
  const like = command.like === null ? null : await askPeerEngine(dataDir, command.like);
  const screen = new Screen(styled.error, { live: runtime.stderrIsTerminal });
  await installEngine({
    dataDir,
    from: like?.source ?? command.from,
    downloads: downloadWorld(null, proxySettings({ ...runtime.environment })),
    backend,
    ...(like === null ? {} : sameAs(like)),
    trial: () => guideTrial(dataDir),
    onNotice: (sentence) => screen.print(`${printable(sentence)}\n`),
    logger: getLogger("mesh-llm"),
    onProgress: (progress) => showProgress(screen, progress, runtime),
  });
  screen.print(""); // ends the live line
  const show = { ...command, kind: "engine-show", binDir: null } as const;
  if (like !== null) {
    const { rpcProtocol } = await findEngine(show, runtime);
    if (rpcProtocol !== like.rpcProtocol) {
      throw new NodeAnswerError(whyStillOther(like, rpcProtocol));
    }
    screen.print(
      `This machine has the llama.cpp of ${
        printable(like.name)
      } now: start its node again, without --bin-dir\n`,
    );
  }
  return await showEngine(show, runtime);
}

function sameAs({ name, build, tag, selfName }: PeerEngine) {
  return {
    number: build,
    release: { tag },
    remedy: `Run mesh-llm engine install --like ${selfName} on ${name} instead`,
  };
}

/** A build of somebody's own may bear the number of a release. */
function whyStillOther({ name, rpcProtocol, build }: PeerEngine, own: string): string {
  return `Build ${build} was installed and speaks RPC protocol ${own}, while ${name}'s speaks ${rpcProtocol}: ` +
    "run mesh-llm engine install on both machines";
}

/** Standard output is for what was asked; a live line goes to standard error. */
function showProgress(
  screen: Screen,
  { step, receivedBytes, totalBytes }: InstallProgress,
  { colour }: Runtime,
): void {
  const fraction = totalBytes === null ? null : receivedBytes / totalBytes;
  screen.showLive(progressLine({ label: printable(step), fraction, colour }));
}

/** The fields of docs/command-line.md, in its order. */
export function engineJson(
  engine: Engine,
  devices: Devices,
  { backend, found, remedy, record }: Advice,
): string {
  const { llamaServer, rpcServer, build, rpcProtocol } = engine;
  const installed = record === null ? null : { source: record.source, tag: record.tag };
  const leftOut = unused(engine, devices);
  const fields = {
    llamaServer,
    rpcServer,
    build,
    rpcProtocol,
    devices,
    leftOut,
    backend,
    installed,
  };
  return jsonText({ ...fields, notBetter: found, remedy }, { indent: 2 });
}

type Devices = Status["node"]["devices"];
type Advice = Awaited<ReturnType<typeof adviseOnEngine>>;

export function engineText(
  engine: Engine,
  devices: Devices,
  { backend, found, remedy, record }: Advice,
): string {
  const fields: [name: string, value: string][] = [
    ["llama-server", engine.llamaServer],
    ["rpc-server", engine.rpcServer],
    ["build", engine.build],
    ["RPC protocol", engine.rpcProtocol],
    ...devices.map((device): [string, string] => ["device", deviceText(device)]),
    ...unused(engine, devices).map(({ name, description, reason }): [string, string] => [
      "not used",
      `${name} (${description}): ${reason}`,
    ]),
    ["backend", backend === null ? "not known" : BACKEND_NAMES[backend]],
    ...(record === null ? [] : [["installed", sourceText(record)] as [string, string]]),
    ...(found === null ? [] : [["not better", found] as [string, string]]),
    ...(remedy === null ? [] : [["what helps", remedy] as [string, string]]),
  ];
  return fields.map(([name, value]) => `${name.padEnd(12)}  ${printable(value)}\n`).join("");
}

const BACKEND_NAMES: Readonly<Record<Backend, string>> = {
  cuda: "CUDA",
  rocm: "ROCm",
  vulkan: "Vulkan",
  metal: "Metal",
  cpu: "the CPU only",
};

function sourceText({ source, tag }: EngineRecord): string {
  return source === "debian" ? "from Debian's packages" : `from llama.cpp's release ${tag}`;
}

/** A node may have been told to use what is left out otherwise, and its models fill the rest. */
function unused({ leftOut }: Engine, devices: Devices): readonly LeftDevice[] {
  return leftOut.filter(({ name }) => !devices.some((device) => device.name === name));
}

/** Those of the node that runs here, with its settings and with what its models use of them. */
async function runningDevices(dataDir: string): Promise<Devices | null> {
  try {
    const client = await findRunningNode(dataDir);
    const { node } = await client.get("/api/status") as Status;
    return node.role === "client" ? null : node.devices;
  } catch (error) {
    if (error instanceof NodeNotRunningError || error instanceof NodeAnswerError) return null;
    throw error;
  }
}
