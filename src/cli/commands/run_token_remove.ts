/** `mesh-llm token remove MACHINE`: one machine leaves the mesh, and those that came by its invites stay. */

import { jsonText, printable, printableAll } from "../../base/printable.ts";
import type { MachineRemoval, NamedMachine } from "../../api/mod.ts";
import { confirmed } from "../base/confirmed.ts";
import { printError, printOut } from "../base/output.ts";
import { UsageError } from "../base/usage_error.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { TokenRemoveCommand } from "../config/command.ts";

/** Says first who would not stay, and asks. Returns when everybody whom the node is connected to has been told. */
export async function runTokenRemove(command: TokenRemoveCommand): Promise<number> {
  const { dataDir, machine, yes, json } = command;
  const node = await findRunningNode(dataDir);
  const path = `/api/peers/${encodeURIComponent(machine)}`;
  // The node that answers is this program; its contract is docs/management-api.md.
  const plan = await node.get(`${path}/removal`) as MachineRemoval;
  if (!yes && !Deno.stdin.isTerminal()) {
    throw new UsageError(
      "token remove asks before it removes a machine, and nobody can answer here: add --yes",
    );
  }
  if (!yes && !confirmed(questionText(plan))) {
    printError("Nothing was removed\n");
    return 1;
  }
  const done = await node.delete(`/api/peers/${encodeURIComponent(plan.machine.id)}`);
  printOut(json ? jsonText(done) : removedText(done as MachineRemoval));
  return 0;
}

/** The outcome beforehand, for whoever has to agree to it. */
export function questionText({ machine, stays, lost }: MachineRemoval): string {
  const lines = [
    ...(stays.length === 0 ? [] : [`These came by its invites, and stay: ${namesOf(stays)}`]),
    ...(lost.length === 0
      ? []
      : [`These are away now, and have to be invited again: ${namesOf(lost)}`]),
    `Remove ${nameOf(machine)} from the mesh, with every invite that it has made?`,
  ];
  return lines.join("\n");
}

export function removedText({ machine, lost }: MachineRemoval): string {
  const again = lost.length === 0 ? "" : `To be invited again: ${namesOf(lost)}\n`;
  return `Removed ${nameOf(machine)} from the mesh\n${again}`;
}

function namesOf(machines: readonly NamedMachine[]): string {
  return printableAll(machines).map(nameOf).join(", ");
}

function nameOf({ id, name }: NamedMachine): string {
  return printable(name ?? id);
}
