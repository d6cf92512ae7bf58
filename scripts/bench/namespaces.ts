/** Two network namespaces with a cable of a known rate between them. Linux, as root. */

import { run } from "../run.ts";

/** tc's token bucket: a burst of a few packets, and a queue of some 50 ms at 100 Mbit/s. */
const BUCKET = ["burst", "256kb", "limit", "1mb"] as const;

export interface Cable extends AsyncDisposable {
  /** Namespaces; each end's address is of the same network and of no other. */
  readonly near: string;
  readonly far: string;
  readonly nearAddress: string;
  readonly farAddress: string;
  readonly nearLink: string;
}

/** @param rate as tc writes it: `100mbit`. Everything is gone when it is disposed. */
export async function layCable(rate: string): Promise<Cable> {
  const id = crypto.randomUUID().slice(0, 6);
  const [near, far] = [`mll-${id}-a`, `mll-${id}-b`];
  const [nearLink, farLink] = [`mll${id}a`, `mll${id}b`];
  const [nearAddress, farAddress] = ["10.213.77.1", "10.213.77.2"];
  const stack = new AsyncDisposableStack();
  try {
    for (const space of [near, far]) {
      await ip("netns", "add", space);
      stack.defer(() => remove(space));
    }
    await ip("-n", near, "link", "add", nearLink, "type", "veth", "peer", farLink, "netns", far);
    const ends = [[near, nearLink, nearAddress], [far, farLink, farAddress]] as const;
    for (const [space, link, address] of ends) {
      await ip("-n", space, "addr", "add", `${address}/24`, "dev", link);
      await ip("-n", space, "link", "set", "lo", "up");
      await ip("-n", space, "link", "set", link, "up");
      await command("tc", [
        "-n",
        space,
        "qdisc",
        "add",
        "dev",
        link,
        "root",
        "tbf",
        "rate",
        rate,
        ...BUCKET,
      ]);
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
    nearLink,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Whatever still runs in the namespace was started in it by whoever made it, and ends with it. */
async function remove(space: string): Promise<void> {
  const { stdout } = await run("ip", ["netns", "pids", space], { output: "capture" });
  for (const pid of stdout.split("\n").filter((line) => line !== "").map(Number)) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
  await ip("netns", "del", space);
}

/** Bytes that the link of this namespace has sent. */
export async function bytesSentBy(link: string): Promise<number> {
  return Number(await Deno.readTextFile(`/sys/class/net/${link}/statistics/tx_bytes`));
}

async function ip(...args: string[]): Promise<void> {
  await command("ip", args);
}

async function command(program: string, args: readonly string[]): Promise<void> {
  const { success, text } = await run(program, args, { output: "capture" });
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${text.trim()}`);
}
