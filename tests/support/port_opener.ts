/** The part of a router that opens ports for programs: miniupnpd over nftables, which many routers are. Linux, as root. */

import { join } from "node:path";
import { aptInstall } from "./debian.ts";

/** Why this machine has no such program, `null` where it does. On Linux CI there is no excuse: it throws there. */
export async function whyNoPortOpener(): Promise<string | null> {
  for (
    const [program, name] of [["nft", "nftables"], ["miniupnpd", "miniupnpd-nftables"]] as const
  ) {
    if (await isInstalled(program)) continue;
    const problem = await aptInstall(name);
    if (problem !== null && Deno.env.get("CI") === "true" && Deno.build.os === "linux") {
      throw new Error(problem);
    }
    if (problem !== null) return problem;
  }
  return null;
}

/** It may lie where only root's PATH leads. */
async function isInstalled(program: string): Promise<boolean> {
  const folders = ["/usr/sbin", "/usr/bin", "/sbin"];
  const found = await Promise.all(
    folders.map((folder) => Deno.stat(join(folder, program)).then(() => true, () => false)),
  );
  return found.includes(true);
}

export interface PortOpenerOptions {
  /** The router's, with interfaces `lan` and `wan`, and with the table that is named below. */
  readonly namespace: string;
  readonly folder: string;
  /** The protocol that it understands. */
  readonly speaks: "NAT-PMP" | "UPnP" | "UPnP of version 1";
}

/** Its chains are `miniupnpd`, `prerouting_miniupnpd` and `postrouting_miniupnpd` of the table `inet filter`. */
export async function startPortOpener(options: PortOpenerOptions): Promise<AsyncDisposable> {
  const { namespace, folder, speaks } = options;
  const config = join(folder, "miniupnpd.conf");
  await Deno.writeTextFile(config, configOf(folder, speaks));
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace, "miniupnpd", "-d", "-f", config, "-P", join(folder, "pid")],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  await listens(child.stderr);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

/** It tells when it hears programs; what it says later is of no interest, but must be read. */
async function listens(output: ReadableStream<Uint8Array>): Promise<void> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  let said = "";
  while (!said.includes("Listening for NAT-PMP") && !said.includes("HTTP listening")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`miniupnpd ended: ${said}`);
    said += decoder.decode(value, { stream: true });
  }
  void (async () => {
    while (!(await reader.read()).done);
  })();
}

function configOf(folder: string, speaks: PortOpenerOptions["speaks"]): string {
  const isPmp = speaks === "NAT-PMP";
  return [
    "ext_ifname=wan",
    "listening_ip=lan",
    "port=0",
    `enable_natpmp=${isPmp ? "yes" : "no"}`,
    `enable_upnp=${isPmp ? "no" : "yes"}`,
    ...(speaks === "UPnP of version 1" ? ["force_igd_desc_v1=yes"] : []),
    "secure_mode=yes",
    `lease_file=${join(folder, "leases")}`,
    "uuid=00000000-0000-0000-0000-000000000001",
    "allow 1024-65535 0.0.0.0/0 1024-65535",
    "upnp_forward_chain=miniupnpd",
    "upnp_nat_chain=prerouting_miniupnpd",
    "upnp_nat_postrouting_chain=postrouting_miniupnpd",
    "upnp_table_name=filter",
    "upnp_nat_table_name=filter",
    "",
  ].join("\n");
}
