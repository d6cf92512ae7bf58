/** The relays of the mesh, as the page shows them. Pure. */

import type { RelayView } from "../../../src/api/base/types.ts";
import { displayName, displayText, shortId } from "./format.ts";

export interface RelayRow {
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
  /** Whether it is connected, and where it is. */
  readonly detail: string;
}

/** The connected ones first; by name within each. */
export function relayRows(relays: readonly RelayView[]): RelayRow[] {
  return relays.map(({ id, name, addresses: [address], connected }): RelayRow => ({
    id,
    name: displayName(name ?? "") || shortId(id),
    connected,
    detail: (connected ? "connected" : "not reached now") +
      (address === undefined ? "" : `, at ${place(address)}`),
  })).sort((a, b) =>
    Number(b.connected) - Number(a.connected) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}

/** As firewalls name it. */
function place(address: string): string {
  const [, , ip = address, , port = ""] = address.split("/");
  return displayText(ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);
}
