/** This machine's own question to another mesh of its network, in words. Pure. */

import type { OwnPairing, PairingView, Status } from "../../../src/api/base/types.ts";
import { ApiError } from "./api_error.ts";
import { displayName, displayText, listNames, shortId } from "./format.ts";
import { groupedCode } from "./pairing_code.ts";

export function meshName(mesh: { readonly name: string; readonly shortId: string }): string {
  return `${displayName(mesh.name) || displayName(mesh.shortId)}'s mesh`;
}

export interface OwnShown {
  /** The visitor can end it, has to wait, or can close what is told of it. */
  readonly phase: "asking" | "joining" | "ended";
  readonly title: string;
  /** Empty where the title says all. */
  readonly detail: string;
  /** In two groups. */
  readonly code: string | null;
}

/** How far the question has come. @param run The start of a command, as on this machine. */
export function ownShown(own: OwnPairing, run: string): OwnShown {
  const name = meshName({ name: own.mesh, shortId: own.shortId });
  const ended = { phase: "ended", detail: displayText(own.problem ?? ""), code: null } as const;
  switch (own.state) {
    case "asking": {
      const detail = "A code comes as soon as one of its machines answers.";
      return { phase: "asking", title: `Asking ${name}`, detail, code: null };
    }
    case "code": {
      const code = groupedCode(own.code ?? "");
      const detail = `In its console, or in its terminal: ${run} pair accept ${code}`;
      return { phase: "asking", title: `Type it on a machine of ${name}`, detail, code };
    }
    case "joining":
      return {
        phase: "joining",
        title: `Joining ${name}`,
        detail: "The code was right.",
        code: null,
      };
    case "joined":
      return { ...ended, title: `This machine is in ${name}` };
    case "refused":
      return { ...ended, title: `${name} refused` };
    case "failed":
      return { ...ended, title: `This machine did not get into ${name}` };
  }
}

/** Whether this machine can ask a mesh now: it asks one at a time. */
export function mayAsk({ state, own }: PairingView): boolean {
  return state === "on" && !isUnderWay(own);
}

export function isUnderWay(own: OwnPairing | null): boolean {
  return own !== null && ["asking", "code", "joining"].includes(own.state);
}

/** A mesh nearby is most likely the one that it is meant for. */
export function isAlone({ node, peers }: Pick<Status, "node" | "peers">): boolean {
  return node.role !== "client" && peers.length === 0;
}

/** The node has a mesh that it would have to leave, and wants that to be confirmed. */
export function isInAMesh(error: unknown): boolean {
  return error instanceof ApiError && error.details.code === "in_a_mesh";
}

/** The things that this machine gives up for another mesh, before that is confirmed. */
export function leavingSentences(
  { node, peers }: Pick<Status, "node" | "peers">,
  other: string,
): string[] {
  const others = peers.map(({ id, name }) => displayName(name) || shortId(id));
  const served = [...new Set(node.serving.map(({ model }) => displayName(model)))];
  return [
    others.length === 0
      ? "This machine is in a mesh whose other machines are away now."
      : `This machine is in a mesh with ${listNames(others)}.`,
    `It leaves that mesh once ${other} lets it in, and comes back only by a new invite.`,
    ...(served.length === 0 ? [] : [`That mesh loses what it serves here: ${listNames(served)}.`]),
  ];
}
