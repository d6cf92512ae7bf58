/**
 * Machines on one local network: each a namespace with three interfaces. One is on the network of all; one is a
 * container engine's bridge, which has the default route; and behind the third is nobody. Linux, as root.
 */

import { join } from "node:path";
import { Door } from "./loopback_way.ts";
import { addNamespace, ip, randomSuffix } from "./namespaces.ts";
import { temporaryFolder } from "./program.ts";

export interface NetworkMachine {
  readonly namespace: string;
  /** On the network of all. */
  readonly address: string;
  readonly door: Door;
}

export interface OneNetwork extends AsyncDisposable {
  readonly machines: readonly NetworkMachine[];
}

/** The network of all; the others differ from machine to machine, as those of container engines seldom do. */
const NETWORK = "10.214.1";

/** Everything is gone when it is disposed, and nothing is left where it can't be made. */
export async function buildOneNetwork(machines: number): Promise<OneNetwork> {
  const stack = new AsyncDisposableStack();
  try {
    const id = randomSuffix();
    const hub = `mll-${id}-hub`;
    stack.use(await addNamespace(hub));
    await ip("-n", hub, "link", "add", "lan", "type", "bridge");
    await ip("-n", hub, "link", "set", "lan", "up");
    const { path } = stack.use(await temporaryFolder());
    const made: NetworkMachine[] = [];
    for (let number = 1; number <= machines; number++) {
      const namespace = `mll-${id}-${number}`;
      stack.use(await addNamespace(namespace));
      await attach(namespace, hub, number);
      const door = stack.use(await Door.open(namespace, join(path, namespace)));
      made.push({ namespace, address: `${NETWORK}.${number}`, door });
    }
    return { machines: made, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function attach(namespace: string, hub: string, number: number): Promise<void> {
  const inside = (...args: string[]) => ip("-n", namespace, ...args);
  await inside("link", "add", "docker0", "type", "bridge");
  await inside("addr", "add", `172.17.0.${number}/16`, "dev", "docker0");
  await inside("link", "set", "docker0", "up");
  await inside(
    "link",
    "add",
    "eth1",
    "type",
    "veth",
    "peer",
    "name",
    `dead-${number}`,
    "netns",
    hub,
  );
  await inside("addr", "add", `10.214.9.${number}/24`, "dev", "eth1");
  await inside("link", "set", "eth1", "up");
  await inside(
    "link",
    "add",
    "eth0",
    "type",
    "veth",
    "peer",
    "name",
    `lan-${number}`,
    "netns",
    hub,
  );
  await inside("addr", "add", `${NETWORK}.${number}/24`, "dev", "eth0");
  await inside("link", "set", "eth0", "up");
  await ip("-n", hub, "link", "set", `dead-${number}`, "up");
  await ip("-n", hub, "link", "set", `lan-${number}`, "master", "lan", "up");
  await inside("route", "add", "default", "dev", "docker0");
}
