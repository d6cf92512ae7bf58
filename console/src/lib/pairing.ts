/** The machines that ask to join this mesh, in words. Pure. */

import type { PairingRequest, PairingView, Status } from "../../../src/api/base/types.ts";
import { ApiError } from "./api_error.ts";
import { displayName, listNames, shortId } from "./format.ts";

/** Of a node that leaves its network alone, and of one that has not said yet. */
export const NO_PAIRING: PairingView = {
  state: "off",
  mayAccept: false,
  requests: [],
  own: null,
};

export function requestName({ name, id }: Pick<PairingRequest, "name" | "id">): string {
  return displayName(name) || shortId(id);
}

/** "mini asks to join"; `null` where nobody asks who can be let in here. */
export function askingText({ mayAccept, requests }: PairingView): string | null {
  if (!mayAccept || requests.length === 0) return null;
  const verb = requests.length === 1 ? "asks" : "ask";
  return `${listNames(requests.map(requestName))} ${verb} to join`;
}

/** Why this machine adds no other. */
export function whyNotAdd(role: Status["node"]["role"]): string {
  return role === "client"
    ? "This node is a client: it asks the mesh, and can neither invite a machine nor let in one that asks to join."
    : "This node joined by an invite that does not allow it to invite a machine, nor to let in one that asks to join.";
}

/** A machine that asked, and how that has ended here. */
export type Outcome =
  | { readonly kind: "added"; readonly name: string; readonly role: "member" | "client" }
  | { readonly kind: "refused" | "spent"; readonly name: string };

export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case "added":
      return `${outcome.name} was let in as a ${outcome.role}.`;
    case "refused":
      return `${outcome.name} was refused.`;
    case "spent":
      return `The code was wrong too often. ${outcome.name} has to wait before it asks again.`;
  }
}

export function wrongCodeText(triesLeft: number): string {
  const left = triesLeft === 1 ? "One try is left." : `${triesLeft} tries are left.`;
  return `That is not its code. ${left}`;
}

/** The tries that are left after a wrong code; `null` where something else went wrong. */
export function triesAfter(error: unknown): number | null {
  if (!(error instanceof ApiError) || error.details.code !== "wrong_code") return null;
  const { triesLeft } = error.details;
  return typeof triesLeft === "number" ? triesLeft : null;
}
