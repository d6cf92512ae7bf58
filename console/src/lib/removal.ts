/** The removal of a machine in words. Pure. */

import type { MachineRemoval, NamedMachine } from "../../../src/api/base/types.ts";
import { displayName } from "./format.ts";

/** Its outcome, before it is confirmed. */
export function removalSentences(
  name: string,
  { stays, lost }: Pick<MachineRemoval, "stays" | "lost">,
): string[] {
  return [
    `${name} leaves the mesh, with every invite that it has made.`,
    ...(stays.length === 0 ? [] : [`These came by its invites, and stay: ${namesOf(stays)}.`]),
    ...(lost.length === 0
      ? []
      : [`These are away now, and have to be invited again: ${namesOf(lost)}.`]),
  ];
}

function namesOf(machines: readonly NamedMachine[]): string {
  return machines.map(({ id, name }) => (name === null ? "" : displayName(name)) || id).join(", ");
}
