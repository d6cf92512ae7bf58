/** `mesh-llm pair list`, `pair accept CODE` and `pair refuse`: machines that ask the running node to join. */

import type { PairingRequest, PairingView } from "../../api/mod.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { table } from "../base/format.ts";
import { printOut } from "../base/output.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { PairAcceptCommand, PairListCommand, PairRefuseCommand } from "../config/command.ts";

export async function runPairList({ dataDir, json }: PairListCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  // The node that answers is this program; its contract is docs/management-api.md.
  const view = await node.get("/api/pairing") as PairingView;
  printOut(json ? jsonText(view, { indent: 2 }) : requestsText(view.requests, Date.now()));
  return 0;
}

/** Returns when the machine has its invite. */
export async function runPairAccept(command: PairAcceptCommand): Promise<number> {
  const { dataDir, code, role, name, mayInvite, json } = command;
  const node = await findRunningNode(dataDir);
  const right = mayInvite === null ? {} : { mayInvite };
  const answer = { code, role, ...right, ...(name && { name }) };
  const done = await node.post("/api/pairing/accept", answer) as { name: string; role: string };
  printOut(json ? jsonText(done) : `${printable(done.name)} joins as a ${done.role}\n`);
  return 0;
}

export async function runPairRefuse({ dataDir, json }: PairRefuseCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  const { requests: [request] } = await node.get("/api/pairing") as PairingView;
  await node.post("/api/pairing/refuse", request === undefined ? {} : { id: request.id });
  const name = request?.name ?? "";
  printOut(json ? jsonText({ name }) : `${printable(name)} was sent away\n`);
  return 0;
}

export function requestsText(requests: readonly PairingRequest[], nowMs: number): string {
  if (requests.length === 0) return "No machine asks to join\n";
  return table([
    ["NAME", "ADDRESS", "TRIES LEFT", "ENDS IN"],
    ...requests.map(({ name, address, triesLeft, endsMs }) => [
      printable(name),
      address,
      String(triesLeft),
      `${Math.max(0, Math.ceil((endsMs - nowMs) / 1_000))} s`,
    ]),
  ]) + "Type the code that it shows: mesh-llm pair accept CODE\n";
}
