/**
 * A home: a machine behind a router that leads out to somebody else by its own address, and lets programs open ports.
 * Linux, as root.
 */

import { join } from "node:path";
import { Door } from "./loopback_way.ts";
import { addNamespace, command, ip, randomSuffix } from "./namespaces.ts";
import { type PortOpenerOptions, startPortOpener } from "./port_opener.ts";
import { temporaryFolder } from "./program.ts";

export interface HomeRouterOptions {
  readonly speaks: PortOpenerOptions["speaks"];
  /** Its address towards the others. */
  readonly address: string;
}

interface Place {
  readonly namespace: string;
  readonly door: Door;
}

export interface HomeRouter extends AsyncDisposable {
  readonly home: Place;
  readonly outside: Place;
  /** The ports that are open now, as the router keeps them: `UDP:47001:192.168.1.10:47001:...`. */
  leases(): Promise<readonly string[]>;
}

const HOME = { router: "192.168.1.1", machine: "192.168.1.10" } as const;

/** Everything is gone when it is disposed, and nothing is left where it can't be made. */
export async function buildHomeRouter(options: HomeRouterOptions): Promise<HomeRouter> {
  const stack = new AsyncDisposableStack();
  try {
    const id = randomSuffix();
    const [home, router, outside] = ["home", "router", "outside"].map((name) =>
      `mll-${id}-${name}`
    );
    for (const namespace of [home!, router!, outside!]) stack.use(await addNamespace(namespace));
    await link({ from: router!, name: "lan", address: HOME.router }, home!, HOME.machine);
    const other = options.address.replace(/\d+$/, "250");
    await link({ from: router!, name: "wan", address: options.address }, outside!, other);
    await ip("-n", home!, "route", "add", "default", "via", HOME.router);
    const { path } = stack.use(await temporaryFolder());
    stack.use(await startRouter(router!, path, options));
    const place = async (namespace: string): Promise<Place> => ({
      namespace,
      door: stack.use(await Door.open(namespace, join(path, namespace))),
    });
    return {
      home: await place(home!),
      outside: await place(outside!),
      leases: () => readLines(join(path, "leases")),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

interface End {
  readonly from: string;
  readonly name: string;
  readonly address: string;
}

async function link({ from, name, address }: End, to: string, theirs: string): Promise<void> {
  await ip("-n", from, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", to);
  for (const [namespace, device, own] of [[from, name, address], [to, "eth0", theirs]] as const) {
    await ip("-n", namespace, "addr", "add", `${own}/24`, "dev", device);
    await ip("-n", namespace, "link", "set", device, "up");
  }
}

async function startRouter(
  namespace: string,
  folder: string,
  { speaks }: HomeRouterOptions,
): Promise<AsyncDisposable> {
  const inside = (program: string, ...args: string[]) =>
    command("ip", ["netns", "exec", namespace, program, ...args]);
  await inside("sysctl", "-qw", "net.ipv4.ip_forward=1");
  const rules = join(folder, "rules.nft");
  await Deno.writeTextFile(rules, RULES);
  await inside("nft", "-f", rules);
  return await startPortOpener({ namespace, folder, speaks });
}

/** nftables 1.0.6 takes one statement a line. Nothing comes in that nobody inside has asked for. */
const RULES = `table inet filter {
 chain forward { type filter hook forward priority 0; policy drop;
 ct state established,related accept
 iifname lan accept
 jump miniupnpd
 }
 chain miniupnpd {
 }
 chain prerouting_miniupnpd {
 }
 chain postrouting_miniupnpd {
 }
 chain prerouting { type nat hook prerouting priority -100; policy accept;
 jump prerouting_miniupnpd
 }
 chain postrouting { type nat hook postrouting priority 100; policy accept;
 jump postrouting_miniupnpd
 oifname wan masquerade
 }
}
`;

async function readLines(path: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}
