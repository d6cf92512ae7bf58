/**
 * Two homes and a machine that both can reach: each home is a machine at 192.168.1.2 behind a router of its own, which lets
 * nothing in that nobody inside has asked for. Linux, as root.
 */

import { join } from "node:path";
import { aptInstall, exists } from "./debian.ts";
import { addNamespace, command, ip, randomSuffix } from "./namespaces.ts";
import { temporaryFolder } from "./program.ts";

/** How a router leads out: by the port that the machine has, by a new one for each way, or that with one port open. */
export type Leads = "plainly" | "by new ports" | "by new ports, and one is open";

export interface TwoHomesOptions {
  readonly routers: readonly [near: Leads, far: Leads];
  /** The UDP port that is open, where one is. */
  readonly openPort: number;
}

export interface TwoHomes extends AsyncDisposable {
  /** Namespaces. */
  readonly hub: string;
  readonly homes: readonly [near: string, far: string];
  /** Gives a machine another address in its home. */
  move(home: 0 | 1): Promise<void>;
}

export const HUB_ADDRESS = "203.0.113.5";
export const ROUTER_ADDRESSES = ["203.0.113.11", "203.0.113.12"] as const;
/** Of the socket that nodes meet. */
export const REACH_PORT = 45_001;
const GATEWAY = "192.168.1.1";
const MACHINE = "192.168.1.2";
const MOVED = "192.168.1.77";

/** Why this machine gives no such routers, `null` where it does. On Linux CI there is no excuse: it throws there. */
export async function whyNoRouters(): Promise<string | null> {
  if (await exists("/usr/sbin/nft")) return null;
  const problem = await aptInstall("nftables");
  if (problem !== null && Deno.env.get("CI") === "true" && Deno.build.os === "linux") {
    throw new Error(problem);
  }
  return problem;
}

/** Everything is gone when it is disposed, and nothing is left where it can't be made. */
export async function buildTwoHomes(options: TwoHomesOptions): Promise<TwoHomes> {
  const stack = new AsyncDisposableStack();
  try {
    const id = randomSuffix();
    const name = (what: string) => `mll-${id}-${what}`;
    const [internet, hub] = [name("inet"), name("hub")];
    for (const one of [internet, hub]) stack.use(await addNamespace(one));
    await ip("-n", internet, "link", "add", "sw0", "type", "bridge");
    await ip("-n", internet, "link", "set", "sw0", "up");
    await plugIn(hub, internet, "hub", HUB_ADDRESS);
    const { path } = stack.use(await temporaryFolder());
    for (const at of [0, 1] as const) {
      const [router, home] = [name(`router-${at}`), name(`home-${at}`)];
      for (const one of [router, home]) stack.use(await addNamespace(one));
      await plugIn(router, internet, `router-${at}`, ROUTER_ADDRESSES[at]);
      await connectHome(router, home);
      await startRouter(router, join(path, `rules-${at}`), options.routers[at], options.openPort);
    }
    return {
      hub,
      homes: [name("home-0"), name("home-1")],
      move: (home) => move(name(`home-${home}`)),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function plugIn(
  namespace: string,
  internet: string,
  port: string,
  address: string,
): Promise<void> {
  await ip(
    "-n",
    namespace,
    "link",
    "add",
    "wan",
    "type",
    "veth",
    "peer",
    "name",
    port,
    "netns",
    internet,
  );
  await ip("-n", namespace, "addr", "add", `${address}/24`, "dev", "wan");
  await ip("-n", namespace, "link", "set", "wan", "up");
  await ip("-n", internet, "link", "set", port, "master", "sw0", "up");
}

async function connectHome(router: string, home: string): Promise<void> {
  await ip(
    "-n",
    home,
    "link",
    "add",
    "eth0",
    "type",
    "veth",
    "peer",
    "name",
    "lan",
    "netns",
    router,
  );
  await ip("-n", router, "addr", "add", `${GATEWAY}/24`, "dev", "lan");
  await ip("-n", router, "link", "set", "lan", "up");
  await ip("-n", home, "addr", "add", `${MACHINE}/24`, "dev", "eth0");
  await ip("-n", home, "link", "set", "eth0", "up");
  await ip("-n", home, "route", "add", "default", "via", GATEWAY);
}

async function move(home: string): Promise<void> {
  await ip("-n", home, "addr", "flush", "dev", "eth0");
  await ip("-n", home, "addr", "add", `${MOVED}/24`, "dev", "eth0");
  await ip("-n", home, "route", "replace", "default", "via", GATEWAY);
}

async function startRouter(
  namespace: string,
  path: string,
  leads: Leads,
  openPort: number,
): Promise<void> {
  const inside = (program: string, ...args: string[]) =>
    command("ip", ["netns", "exec", namespace, program, ...args]);
  await inside("sysctl", "-qw", "net.ipv4.ip_forward=1");
  await Deno.writeTextFile(path, rulesOf(leads, openPort));
  await inside("nft", "-f", path);
}

/** nftables 1.0.6 takes one statement a line. */
function rulesOf(leads: Leads, openPort: number): string {
  const isOpen = leads === "by new ports, and one is open";
  const lets = (chain: string, hook: string) => `
 chain ${chain} {
  type filter hook ${hook} priority 0
  iifname wan ct state established,related accept
  iifname wan ct status dnat accept
  iifname wan drop
 }`;
  return `table ip nat {
 chain post {
  type nat hook postrouting priority 100
  oifname wan masquerade ${leads === "plainly" ? "" : "fully-random"}
 }
 chain pre {
  type nat hook prerouting priority -100
  ${isOpen ? `iifname wan udp dport ${openPort} dnat to ${MACHINE}` : ""}
 }
}
table ip guard {${lets("inner", "input")}${lets("through", "forward")}
}
`;
}
