import type { RelayView } from "../../api/mod.ts";
import { printable } from "../../base/printable.ts";
import { shortId, table } from "./format.ts";

/** One row a relay. */
export function relaysText(relays: readonly RelayView[]): string {
  if (relays.length === 0) {
    return "This mesh has no relays: mesh-llm help relay tells how to add one\n";
  }
  return table([
    ["RELAY", "ID", "ADDRESS", "STATE"],
    ...relays.map(({ id, name, addresses: [address = "-"], connected }) => [
      printable(name || shortId(id)),
      printable(id),
      printable(place(address)),
      connected ? "connected" : "not reached",
    ]),
  ]);
}

/** As firewalls name it. */
export function place(address: string): string {
  const [, ip, port] = /^\/ip[46]\/([^/]+)\/udp\/(\d+)/.exec(address) ?? [];
  if (ip === undefined) return address;
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
