/**
 * `mesh-llm join [MESH]`, and the question of a first start: this machine asks a mesh of its network to let it in. A node
 * that runs moves there; otherwise one is started with the invite.
 */

import type { OwnPairing, PairingView, Status } from "../../api/mod.ts";
import { isAlive } from "../../base/is_alive.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { pause } from "../../base/pause.ts";
import { agreed, confirmed } from "../base/confirmed.ts";
import { JOIN_POLL_MS, JOIN_RESTART_MS } from "../base/defaults.ts";
import { printError, printOut } from "../base/output.ts";
import { UsageError } from "../base/usage_error.ts";
import {
  findRunningNode,
  NodeAnswerError,
  NodeNotRunningError,
  type RunningNodeClient,
} from "../client/running_node.ts";
import type { JoinCommand } from "../config/command.ts";
import { pairedConfig } from "../config/paired_config.ts";
import type { Runtime } from "../terminal/runtime.ts";

type LanMesh = Awaited<ReturnType<typeof lookAround>>[number];

/** The exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

export async function runJoin(command: JoinCommand, runtime: Runtime): Promise<number> {
  const node = await runningNode(command.config.dataDir);
  if (node !== null) return await moveNode(node, command);
  const { chooseMesh, hasCompany } = await import("../../mesh/mod.ts");
  const mesh = chooseMesh(await lookAround(command), command.mesh);
  const { dataDir, mesh: { leave } } = command.config;
  if (!leave && await hasCompany(dataDir) && !mayLeave(mesh.name, command)) return 1;
  return await askAndServe(mesh, command, runtime);
}

/** `null` where there is nobody to join, or this machine's person says no. */
export async function offerJoin(command: JoinCommand, runtime: Runtime): Promise<number | null> {
  const [mesh, ...others] = await lookAround(command);
  if (mesh === undefined) return null;
  if (others.length > 0) {
    const names = [mesh, ...others].map(({ name }) => printable(name)).join(", ");
    printError(
      `These meshes are on this network: ${names}. mesh-llm join NAME asks one of them\n\n`,
    );
    return null;
  }
  if (!agreed(`${printable(mesh.name)}'s mesh is here. Ask to join?`)) return null;
  return await askAndServe(mesh, command, runtime);
}

async function lookAround({ config: { dataDir } }: JoinCommand) {
  const { lookForMeshes } = await import("../../mesh/mod.ts");
  const { getLogger } = await import("@logtape/logtape");
  return await lookForMeshes({ dataDir, logger: getLogger("mesh-llm") });
}

async function askAndServe(
  mesh: LanMesh,
  { config, settings, json }: JoinCommand,
  runtime: Runtime,
): Promise<number> {
  const { askAtStart } = await import("../../mesh/mod.ts");
  const { dataDir, name } = config;
  using interrupt = new Interrupt();
  let invite;
  try {
    invite = await askAtStart(mesh, {
      dataDir,
      name,
      signal: interrupt.signal,
      showCode: (code) => tell({ state: "code", mesh: mesh.name, code }, json),
    });
  } catch (error) {
    if (interrupt.signal.aborted) return INTERRUPTED;
    throw error;
  }
  interrupt[Symbol.dispose]();
  tell({ state: "joining", mesh: mesh.name, code: null }, json);
  const { runServe } = await import("./run_serve.ts");
  const joining = pairedConfig(config, invite, runtime);
  return await runServe(joining, settings, runtime, {
    earlier: { mesh, problem: null },
    insteadOf: joining.client && !config.client ? dataDir : null,
  });
}

async function moveNode(node: RunningNodeClient, command: JoinCommand): Promise<number> {
  const { lan } = await node.get("/api/status") as Status;
  const { chooseMesh } = await import("../../mesh/mod.ts");
  const { name, shortId } = chooseMesh(lan?.meshes ?? [], command.mesh);
  const ask = (leave: boolean) => node.post("/api/pairing/ask", { mesh: shortId, leave });
  try {
    await ask(command.config.mesh.leave);
  } catch (error) {
    if (!(error instanceof NodeAnswerError) || error.code !== "in_a_mesh") throw error;
    if (!mayLeave(name, command)) return 1;
    await ask(true);
  }
  using interrupt = new Interrupt();
  const own = await follow(node, command, interrupt.signal).catch(async (error) => {
    if (!interrupt.signal.aborted) throw error;
    await node.post("/api/pairing/cancel", {});
    return null;
  });
  if (own === null) return INTERRUPTED;
  if (own.state !== "joined") throw new NodeAnswerError(own.problem ?? "The request has ended");
  if (!command.json) printOut(`This machine is in ${printable(name)}'s mesh now\n`);
  return 0;
}

/** Tells each new state of the node's own request, and resolves with the last one. */
async function follow(
  { pid }: RunningNodeClient,
  { config: { dataDir }, json }: JoinCommand,
  signal: AbortSignal,
): Promise<OwnPairing> {
  for (let told = "";;) {
    const { own } = await pairingOf(dataDir, pid, signal);
    if (own === null) throw new NodeAnswerError("The request was ended on this machine");
    if (own.state !== told) tell(own, json);
    told = own.state;
    if (["joined", "refused", "failed"].includes(told)) return own;
    await pause(JOIN_POLL_MS, signal);
    signal.throwIfAborted();
  }
}

/** Asks the node of this moment: a member that is let in as a client ends, and its process goes on as that. */
async function pairingOf(
  dataDir: string,
  pid: number,
  signal: AbortSignal,
): Promise<PairingView> {
  const untilMs = performance.now() + JOIN_RESTART_MS;
  for (;;) {
    try {
      return await (await findRunningNode(dataDir)).get("/api/pairing") as PairingView;
    } catch (error) {
      const isBetween = error instanceof NodeNotRunningError && isAlive(pid);
      if (!isBetween || performance.now() >= untilMs) throw error;
    }
    await pause(JOIN_POLL_MS, signal);
    signal.throwIfAborted();
  }
}

/** Others of this machine's mesh would miss it. */
function mayLeave(name: string, { yes }: JoinCommand): boolean {
  if (yes || !Deno.stdin.isTerminal()) {
    throw new UsageError("This machine is in a mesh with others: add --leave to leave that one");
  }
  return confirmed(
    `This machine is in a mesh with others. Leave that, and ask ${printable(name)}'s mesh?`,
  );
}

function tell(
  { state, mesh, code }: Pick<OwnPairing, "state" | "mesh" | "code">,
  json: boolean,
): void {
  if (json) printOut(jsonText({ state, mesh, code }));
  else if (code !== null) {
    printError(`Code ${code}. Type it on a machine of ${printable(mesh)}'s mesh\n`);
  }
}

/** Ctrl-C ends the request, so that nobody over there waits for it. */
class Interrupt implements Disposable {
  readonly #ending = new AbortController();
  readonly #end = () => this.#ending.abort(new Error("Ctrl-C"));

  constructor() {
    Deno.addSignalListener("SIGINT", this.#end);
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#end);
  }
}

async function runningNode(dataDir: string): Promise<RunningNodeClient | null> {
  try {
    return await findRunningNode(dataDir);
  } catch (error) {
    if (error instanceof NodeNotRunningError) return null;
    throw error;
  }
}
