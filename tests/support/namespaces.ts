/** Network namespaces: machines of their own, as far as the network goes. Linux, as root, by iproute2. */

import { run } from "../../scripts/run.ts";
import { aptInstall } from "./debian.ts";

/** Why this machine gives no namespaces, `null` where it does. On Linux CI there is no excuse: it throws there. */
export async function whyNoNamespaces(): Promise<string | null> {
  const reason = await reasonAgainst();
  if (reason !== null && Deno.build.os === "linux" && Deno.env.get("CI") === "true") {
    throw new Error(reason);
  }
  return reason;
}

async function reasonAgainst(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "network namespaces are Linux's";
  if (Deno.uid() !== 0) return "network namespaces need root";
  if (!await hasIp()) {
    const problem = await aptInstall("iproute2");
    if (problem !== null) return problem;
  }
  try {
    await using _namespace = await addNamespace(`mll-${randomSuffix()}`);
    return null;
  } catch (error) {
    return String(error);
  }
}

async function hasIp(): Promise<boolean> {
  try {
    await ip("-V");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Six characters, so that runs at the same time do not meet. */
export function randomSuffix(): string {
  return crypto.randomUUID().slice(0, 6);
}

/** A new namespace with its loopback up, removed when it is disposed. */
export async function addNamespace(name: string): Promise<AsyncDisposable> {
  await ip("netns", "add", name);
  const namespace = { [Symbol.asyncDispose]: () => remove(name) };
  try {
    await ip("-n", name, "link", "set", "lo", "up");
    return namespace;
  } catch (error) {
    await remove(name);
    throw error;
  }
}

/** Whatever still runs in the namespace was started in it by the test that made it, and ends with it. */
async function remove(name: string): Promise<void> {
  for (const pid of await processesIn(name)) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
  await ip("netns", "del", name);
}

/** Process ids. */
export async function processesIn(name: string): Promise<number[]> {
  const { stdout } = await run("ip", ["netns", "pids", name], { output: "capture" });
  return stdout.split("\n").filter((line) => line !== "").map(Number);
}

export async function ip(...args: string[]): Promise<void> {
  await command("ip", args);
}

/** @throws with what the program said where it fails. */
export async function command(program: string, args: readonly string[]): Promise<void> {
  const { success, text } = await run(program, args, { output: "capture" });
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${text.trim()}`);
}
