import type { Reached, Status } from "../../api/mod.ts";
import { shortId } from "./format.ts";

/** By id: the machines and relays that may carry between others. */
export function carrierNames(
  { node, peers, relays = [] }: Pick<Status, "node" | "peers" | "relays">,
): ReadonlyMap<string, string> {
  return new Map(
    [...relays, node, ...peers].map(({ id, name }) => [id, name || shortId(id)]),
  );
}

/** A word or two; empty where an older node does not say it, or is not connected. */
export function reachedText(
  reached: Reached | undefined,
  names: ReadonlyMap<string, string>,
): string {
  if (reached?.kind !== "relayed") return reached?.kind === "lan" ? "LAN" : reached?.kind ?? "";
  return `relayed by ${names.get(reached.by) ?? shortId(reached.by)}`;
}
