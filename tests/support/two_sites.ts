/**
 * Machines at two sites: each a namespace, those of one site on one bridge, and between the sites a UDP proxy with
 * delay and loss, which a link leads to that can be cut. Linux, as root.
 */

import { join } from "node:path";
import { Door } from "./loopback_way.ts";
import { addNamespace, command, ip, randomSuffix } from "./namespaces.ts";
import { startHelper } from "./helper_program.ts";
import { temporaryFolder } from "./program.ts";

export interface TwoSitesOptions {
  /** Machines of each site. */
  readonly machines: readonly [west: number, east: number];
  /** The port on which the machines' nodes listen: the only traffic that passes between the sites. */
  readonly udpPort: number;
  /** One way. */
  readonly delayMs: number;
  /** From 0 to 1. */
  readonly loss: number;
  readonly seed: number;
}

export interface Machine {
  readonly namespace: string;
  readonly address: string;
  readonly door: Door;
}

export interface TwoSites extends AsyncDisposable {
  readonly west: readonly Machine[];
  readonly east: readonly Machine[];
  /** Each site is alone until `mend()`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

const SITES = ["west", "east"] as const;
type Site = typeof SITES[number];

/** Everything is gone when it is disposed, and nothing is left where it can't be made. */
export async function buildTwoSites(options: TwoSitesOptions): Promise<TwoSites> {
  const stack = new AsyncDisposableStack();
  try {
    const id = randomSuffix();
    const hub = `mll-${id}-hub`;
    stack.use(await addNamespace(hub));
    await routeThroughProxy(hub);
    const { path } = stack.use(await temporaryFolder());
    const machines: Record<Site, Machine[]> = { west: [], east: [] };
    for (const [index, site] of SITES.entries()) {
      await layBridge(hub, site);
      for (let number = 1; number <= options.machines[index]!; number++) {
        const namespace = `mll-${id}-${site}-${number}`;
        stack.use(await addNamespace(namespace));
        const address = `${NETWORK[site]}.${number}`;
        await attach(namespace, { hub, site, number });
        const door = stack.use(await Door.open(namespace, join(path, namespace)));
        machines[site].push({ namespace, address, door });
      }
    }
    const addresses = [...machines.west, ...machines.east].map(({ address }) => address);
    const { delayMs, loss, seed, udpPort } = options;
    const proxyArgs = [delayMs, loss, seed, udpPort, ...addresses].map(String);
    stack.use(await startHelper(hub, "udp_proxy.ts", proxyArgs));
    for (const site of SITES) await connect(hub, site);
    return {
      ...machines,
      cut: () => ip("-n", hub, "link", "set", gateway("west"), "down"),
      mend: () => connect(hub, "west"),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const NETWORK: Readonly<Record<Site, string>> = { west: "10.213.1", east: "10.213.2" };

const gatewayAddress = (site: Site) => `${NETWORK[site]}.254`;

/** The link between a site and the proxy: the proxy's end of it. */
const gateway = (site: Site) => `gate-${site}`;

const bridge = (site: Site) => `lan-${site}`;

/** Tables of routes. */
const TO_PROXY = "101";
const FROM_PROXY = "102";

/**
 * Whatever comes from a site is the proxy's, whomever it is for; and what the proxy sends leaves although its sender and
 * its receiver are both addresses that the proxy's own sockets have.
 */
async function routeThroughProxy(hub: string): Promise<void> {
  const inHub = (...args: string[]) => ip("-n", hub, ...args);
  await inHub("route", "add", "local", "default", "dev", "lo", "table", TO_PROXY);
  await inHub("rule", "add", "pref", "1", "lookup", "local");
  await inHub("rule", "del", "pref", "0");
  for (const site of SITES) {
    await inHub("rule", "add", "pref", "0", "iif", gateway(site), "lookup", TO_PROXY);
  }
  await inHub("rule", "add", "pref", "0", "iif", "lo", "lookup", FROM_PROXY);
  // Else the proxy's machine would answer for its namesakes at the sites.
  await command("ip", ["netns", "exec", hub, "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1"]);
}

async function layBridge(hub: string, site: Site): Promise<void> {
  const inHub = (...args: string[]) => ip("-n", hub, ...args);
  const [gate, lan, end] = [gateway(site), bridge(site), `gate-${site}-lan`];
  await inHub("link", "add", lan, "type", "bridge");
  await inHub("link", "add", gate, "type", "veth", "peer", "name", end);
  await inHub("link", "set", end, "master", lan);
  await inHub("addr", "add", `${gatewayAddress(site)}/24`, "dev", gate);
  for (const link of [lan, end]) await inHub("link", "set", link, "up");
}

/** The kernel forgets the routes of a link that goes down. */
async function connect(hub: string, site: Site): Promise<void> {
  const [gate, network] = [gateway(site), `${NETWORK[site]}.0/24`];
  await ip("-n", hub, "link", "set", gate, "up");
  await ip("-n", hub, "route", "replace", network, "dev", gate, "table", FROM_PROXY);
}

interface Port {
  readonly hub: string;
  readonly site: Site;
  readonly number: number;
}

async function attach(namespace: string, { hub, site, number }: Port): Promise<void> {
  const inside = (...args: string[]) => ip("-n", namespace, ...args);
  const end = `${site}-${number}`;
  await inside("link", "add", "eth0", "type", "veth", "peer", "name", end, "netns", hub);
  await inside("addr", "add", `${NETWORK[site]}.${number}/24`, "dev", "eth0");
  await inside("link", "set", "eth0", "up");
  await ip("-n", hub, "addr", "add", `${NETWORK[site]}.${number}/32`, "dev", "lo");
  await ip("-n", hub, "link", "set", end, "master", bridge(site), "up");
  await inside("route", "add", "default", "via", gatewayAddress(site));
}
