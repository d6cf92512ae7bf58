/** The machines of this network, as the page shows them. Pure. */

import type { LanStatus, Status } from "../../../src/api/base/types.ts";
import { countOf, displayName, shortId } from "./format.ts";
import { meshName } from "./own_pairing.ts";

export interface LanRow {
  /** Unique in the list. */
  readonly id: string;
  readonly name: string;
  /** The short id of another mesh; `null` of a machine of this one. */
  readonly mesh: string | null;
  /** A few words: what it is, and at which addresses. */
  readonly detail: string;
}

export interface LanShown {
  /** How this mesh is called on the network, and why it is not seen there, in a sentence. */
  readonly sentence: string;
  readonly problem: string | null;
  readonly rows: readonly LanRow[];
}

/** `null` where there is nothing to say: the node does not look there, or is too old to. */
export function lanShown(
  { lan, peers, portMapping }: Pick<Status, "lan" | "peers" | "portMapping">,
): LanShown | null {
  if (lan === undefined || lan.state === "off") return null;
  const names = new Map(peers.map(({ id, name }) => [id, name]));
  const own = lan.peers.map(({ id, addresses }): LanRow => ({
    id,
    name: displayName(names.get(id) ?? shortId(id)),
    mesh: null,
    detail: `machine of this mesh, at ${hostsOf(addresses).join(", ")}`,
  }));
  const others = lan.meshes.map(({ name, shortId, machines, addresses }): LanRow => ({
    id: `${name}@${shortId}`,
    name: meshName({ name, shortId }),
    mesh: shortId,
    detail: `another mesh (${shortId}), ${countOf(machines, "machine")} at ${addresses.join(", ")}`,
  }));
  const sentence = sentenceOf(lan) + elsewhere(portMapping);
  return { sentence, problem: lan.problem, rows: [...own, ...others] };
}

function sentenceOf({ mesh, meshes, peers }: LanStatus): string {
  const found = meshes.length + peers.length === 0 ? " Nobody else was found here yet." : "";
  const seen = mesh === null
    ? "This machine looks around and does not announce itself."
    : `Others see this mesh as ${displayName(mesh.name)}'s mesh (${mesh.shortId}).`;
  return seen + found;
}

/** The way in for machines that are not on this network. */
function elsewhere(mapping: Status["portMapping"]): string {
  if (mapping?.state !== "mapped") return "";
  return ` Through the router it is reached at ${mapping.address} (${mapping.by}).`;
}

/** Of `/ip4/192.168.1.5/udp/...`. */
function hostsOf(addresses: readonly string[]): string[] {
  return addresses.map((address) => address.split("/")[2] ?? address);
}
