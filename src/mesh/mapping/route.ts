/** The routers of this machine's networks: where they are, and which of its own addresses they know. */

import { isIPv4 } from "node:net";
import type { InterfaceAddress } from "../base/addresses.ts";
import { MAX_ROUTERS } from "./defaults.ts";

/** Both IPv4. */
export interface Route {
  readonly router: string;
  /** This machine's address on the router's network. */
  readonly own: string;
}

/** A default route, as the system tells it. */
export interface DefaultRoute {
  readonly router: string;
  /** Of the interface. */
  readonly name: string;
}

/** From here on a route is one through a router (`RTF_GATEWAY` of Linux's route.h). */
const THROUGH_ROUTER = 2;

/** The default routes through a router of Linux's `/proc/net/route`, the preferred first. Pure. */
export function routesOfLinux(table: string): DefaultRoute[] {
  const rows = table.split("\n").slice(1).map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([, to, , flags, , , , mask]) =>
      to === "00000000" && mask === "00000000" && (parseInt(flags ?? "", 16) & THROUGH_ROUTER) > 0
    )
    .toSorted((a, b) => Number(a[6]) - Number(b[6]))
    .map(([name = "", , router = ""]) => ({ name, router: littleEndian(router) }));
}

/** Of `0101A8C0`, as the kernel of a little-endian machine prints 192.168.1.1; all that this program runs on are. */
function littleEndian(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  return bytes.map((byte) => parseInt(byte, 16)).toReversed().join(".");
}

/** The same of macOS's `netstat -rn -f inet`. Pure. */
export function routesOfMac(text: string): DefaultRoute[] {
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([to, router = ""]) => to === "default" && isIPv4(router))
    .map(([, router = "", , name = ""]) => ({ router, name }));
}

/** The routers with this machine's own addresses on their networks, each once. Pure. */
export function routersOf(
  routes: readonly DefaultRoute[],
  interfaces: readonly InterfaceAddress[],
): Route[] {
  const found = routes.flatMap(({ router, name }): Route[] => {
    const own = interfaces.find((one) => one.name === name && isIPv4(one.address));
    return own === undefined ? [] : [{ router, own: own.address }];
  });
  const isFirst = ({ router }: Route, at: number) =>
    found.findIndex((one) => one.router === router) === at;
  return found.filter(isFirst).slice(0, MAX_ROUTERS);
}

/** Empty where the system does not tell. */
export async function readDefaultRoutes(): Promise<DefaultRoute[]> {
  try {
    if (Deno.build.os === "linux") {
      return routesOfLinux(await Deno.readTextFile("/proc/net/route"));
    }
    if (Deno.build.os !== "darwin") return [];
    const args = ["-rn", "-f", "inet"];
    const { stdout } = await new Deno.Command("/usr/sbin/netstat", { args, stdin: "null" })
      .output();
    return routesOfMac(new TextDecoder().decode(stdout));
  } catch {
    return [];
  }
}
