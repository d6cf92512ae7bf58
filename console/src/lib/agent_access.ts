/** How programs reach the API, in words. Pure. */

import type { Commands } from "../../../src/api/base/types.ts";
import type { Agents, ApiKeyView } from "./api.ts";
import { displayName, listNames } from "./format.ts";

export type Address = Agents["addresses"][number];

/** "eth0: 192.168.1.5". */
export function addressText({ url, on }: Address): string {
  return `${on === null ? "this machine" : displayName(on)}: ${new URL(url).hostname}`;
}

/** The start that lets other machines in; `null` where they come in already. */
export function openingCommand(
  addresses: readonly Address[],
  { start }: Pick<Commands, "start">,
): string | null {
  const isReached = addresses.some(({ url, on }) => on !== null || !isLocal(new URL(url).hostname));
  return isReached ? null : `${start} --listen 0.0.0.0`;
}

function isLocal(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/** The effect of the first key, and of one in the settings. */
export function keyNote(keyed: boolean, hasKey: boolean): string {
  if (!keyed) {
    return "The API asks nobody for a key. From the first key on it asks every caller for one, the chat of this page too.";
  }
  return hasKey
    ? "The settings have the new key. It is shown until you leave this page, and never again."
    : "Put a key in place of your-api-key in the settings, or make one.";
}

/** A key's limits. */
export function keyText({ models, manage, made }: ApiKeyView): string {
  return [
    models === null ? "for all models" : `for ${listNames(models.map(displayName))}`,
    ...(manage ? ["may manage this node"] : []),
    ...(made ? [] : ["from the start of the node"]),
  ].join(", ");
}
