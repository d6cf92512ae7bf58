/** The leftovers of a soak's nodes. Linux knows the environment of each process. */

import { join } from "node:path";

/** The files that a node keeps. Its drafts have a process id or a random part in their names. */
const KEPT = /^(lock|[a-z-]+(-Qm\w+)?\.(json|gguf)|[0-9a-f]{64}\.json|[a-z-]+\.log(\.\d+)?)$/;

/** It says that a node runs. */
const RUNNING = "node.json";

export async function leftFiles(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = join(below, name);
    if (isDirectory) found.push(...await leftFiles(folder, path));
    else if (!KEPT.test(name) || name === RUNNING || await isEmpty(join(folder, path))) {
      found.push(path);
    }
  }
  return found;
}

async function isEmpty(path: string): Promise<boolean> {
  return !path.endsWith(".log") && (await Deno.stat(path)).size === 0;
}

/** Process ids and command lines of those that have this in their environment. */
export async function processesWith(name: string, value: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name: pid } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const read = (file: string) => Deno.readTextFile(`/proc/${pid}/${file}`).catch(() => "");
    const variables = (await read("environ")).split("\0");
    if (!variables.includes(`${name}=${value}`)) continue;
    const commandLine = (await read("cmdline")).replaceAll("\0", " ");
    if (commandLine !== "") found.push(`${pid}: ${commandLine.slice(0, 200)}`);
  }
  return found;
}

/** Of these TCP ports those on which something listens. */
export function usedPorts(ports: Iterable<number>): number[] {
  return [...ports].filter((port) => {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return false;
    } catch {
      return true;
    }
  });
}
