/** Two network namespaces with a cable of a known rate between them. Linux, as root. */

import { addNamespace, command, ip } from "../../tests/support/namespaces.ts";

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
    for (const space of [near, far]) stack.use(await addNamespace(space));
    await ip("-n", near, "link", "add", nearLink, "type", "veth", "peer", farLink, "netns", far);
    const ends = [[near, nearLink, nearAddress], [far, farLink, farAddress]] as const;
    for (const [space, link, address] of ends) {
      await ip("-n", space, "addr", "add", `${address}/24`, "dev", link);
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

/** Bytes that the link of this namespace has sent. */
export async function bytesSentBy(link: string): Promise<number> {
  return Number(await Deno.readTextFile(`/sys/class/net/${link}/statistics/tx_bytes`));
}
