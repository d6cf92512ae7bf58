/**
 * Two homes and a machine that both can reach: each home is a machine at 192.168.1.2 behind a router of its own, which lets
 * nothing in that nobody inside has asked for. Linux, as root.
 */

import { join } from "node:path";
import { aptInstall, exists } from "./debian.ts";
import { addNamespace, command, ip, randomSuffix } from "./namespaces.ts";
import { startPortOpener } from "./port_opener.ts";
import { temporaryFolder } from "./program.ts";

/** How a router leads out: by the port that the machine has, or by a new one for each way; and what lets others in. */
export type Leads =
  | "plainly"
  | "by new ports"
  | "by new ports, and one is open"
  | "by new ports, and opens those that it is asked for";

export interface TwoHomesOptions {
  readonly routers: readonly [near: Leads, far: Leads];
  /** The UDP port that is open, where one is. @default {0} */
  readonly openPort?: number;
}

export interface TwoHomes extends AsyncDisposable {
  /** Namespaces. */
  readonly hub: string;
  readonly homes: readonly [near: string, far: string];
  /** Gives a machine another address in its home. */
  move(home: 0 | 1): Promise<void>;
  /** Nothing passes from one router to the other, until `mend()`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** None of them is of a range for documentation: no program opens ports for those. */
export const HUB_ADDRESS = "45.76.1.5";
export const ROUTER_ADDRESSES = ["45.76.1.11", "45.76.1.12"] as const;
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
      const folder = join(path, router);
      await Deno.mkdir(folder);
      const { routers, openPort = 0 } = options;
      stack.use(await startRouter(router, { folder, leads: routers[at], openPort }));
    }
    const nearRules = join(path, name("router-0"), "cut");
    await Deno.writeTextFile(nearRules, CUT);
    return {
      hub,
      homes: [name("home-0"), name("home-1")],
      move: (home) => move(name(`home-${home}`)),
      cut: () => inside(name("router-0"), "nft", "-f", nearRules),
      mend: () => inside(name("router-0"), "nft", "delete", "table", "ip", "cut"),
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

function inside(namespace: string, program: string, ...args: string[]): Promise<void> {
  return command("ip", ["netns", "exec", namespace, program, ...args]);
}

interface RouterOptions {
  readonly folder: string;
  readonly leads: Leads;
  readonly openPort: number;
}

async function startRouter(
  namespace: string,
  { folder, leads, openPort }: RouterOptions,
): Promise<AsyncDisposable> {
  await inside(namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  const rules = join(folder, "rules");
  await Deno.writeTextFile(rules, rulesOf(leads, openPort));
  await inside(namespace, "nft", "-f", rules);
  if (leads !== "by new ports, and opens those that it is asked for") {
    return new AsyncDisposableStack();
  }
  return await startPortOpener({ namespace, folder, speaks: "NAT-PMP" });
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
table inet filter {
 chain miniupnpd {
 }
 chain postrouting_miniupnpd {
 }
 chain prerouting_miniupnpd {
 }
 chain prerouting {
  type nat hook prerouting priority -100
  jump prerouting_miniupnpd
 }
}
`;
}

const CUT = `table ip cut {
 chain through {
  type filter hook forward priority 0
  ip saddr ${ROUTER_ADDRESSES[1]} drop
  ip daddr ${ROUTER_ADDRESSES[1]} drop
 }
}
`;
