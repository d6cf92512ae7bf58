/**
 * Two network namespaces joined by a link with delay: a TUN device in each, and a process that hands their packets on
 * after a while, for not every kernel has netem. Linux, as root.
 */

import { addNamespace, ip, randomSuffix } from "../../../tests/support/namespaces.ts";
import { fromRoot } from "../../run.ts";

export interface DelayLink extends AsyncDisposable {
  readonly near: string;
  readonly far: string;
  readonly nearAddress: string;
  readonly farAddress: string;
}

/** @param roundTripMs of an empty link. Everything is gone when it is disposed. */
export async function layDelayLink(roundTripMs: number): Promise<DelayLink> {
  const id = randomSuffix();
  const [near, far] = [`mll-${id}-a`, `mll-${id}-b`];
  const [nearAddress, farAddress] = ["10.213.78.1", "10.213.78.2"];
  const stack = new AsyncDisposableStack();
  try {
    for (const space of [near, far]) stack.use(await addNamespace(space));
    stack.use(await startForwarder(near, far, roundTripMs / 2));
    for (const [space, address] of [[near, nearAddress], [far, farAddress]] as const) {
      await ip("-n", space, "addr", "add", `${address}/24`, "dev", "wan");
      await ip("-n", space, "link", "set", "wan", "up", "mtu", "1400");
    }
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  return {
    near,
    far,
    nearAddress,
    farAddress,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Resolves once both devices are there. It goes ahead of everything else, as a cable would. */
async function startForwarder(
  near: string,
  far: string,
  delayMs: number,
): Promise<AsyncDisposable> {
  const module = fromRoot("scripts/bench/token/forward_packets.ts");
  const child = new Deno.Command("nice", {
    args: ["-n", "-20", Deno.execPath(), "run", "-A", "--quiet", module, near, far, `${delayMs}`],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  await reader.cancel();
  if (done) throw new Error("The link's forwarder ended before it began");
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}
