/** Looks at the machine: files of the kernel, libraries that can be loaded, and what NVIDIA's tool says. */

import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { NVIDIA_SMI_TIMEOUT_MS } from "../base/defaults.ts";
import { runCommand } from "../../base/run_command.ts";
import {
  type MachineFacts,
  makerOf,
  type NvidiaFacts,
  parseNvidiaDriver,
  parseNvidiaSmi,
} from "./machine_facts.ts";

export interface ReadFactsOptions {
  /** Its disk is the one that an engine is installed on. */
  readonly dataDir: string;
  readonly signal?: AbortSignal;
}

export async function readMachineFacts(
  { dataDir, signal }: ReadFactsOptions,
): Promise<MachineFacts> {
  const { os, arch } = Deno.build;
  const freeBytes = await freeBytesOf(dataDir);
  if (os !== "linux") return { ...NO_LINUX, os, arch, freeBytes };
  const nvidia = await readNvidia(signal);
  const [hasKfd, makers] = await Promise.all([exists("/dev/kfd"), readMakers()]);
  return {
    os,
    arch,
    glibc: glibcVersion(),
    nvidia,
    hasKfd,
    hasVulkanLoader: canLoad("libvulkan.so.1"),
    gpus: [
      ...new Set([
        ...(nvidia === null ? [] : ["NVIDIA"]),
        ...(hasKfd ? ["AMD"] : []),
        ...makers,
      ]),
    ],
    freeBytes,
  };
}

const NO_LINUX = { glibc: null, nvidia: null, hasKfd: false, hasVulkanLoader: false, gpus: [] };

/** The folder may be yet to be made. */
async function freeBytesOf(dir: string): Promise<number | null> {
  for (const path of [dir, join(dir, "..")]) {
    const free = await statfs(path).then(({ bavail, bsize }) => bavail * bsize, () => null);
    if (free !== null) return free;
  }
  return null;
}

/** A container may have the kernel's file without the device, and then no GPU; Windows' Linux has a device of its own. */
async function readNvidia(signal?: AbortSignal): Promise<NvidiaFacts | null> {
  if (await exists("/dev/dxg")) return await askNvidiaSmi(signal);
  const text = await Deno.readTextFile("/proc/driver/nvidia/version").catch(() => "");
  const driver = parseNvidiaDriver(text);
  if (driver === undefined || !await exists("/dev/nvidiactl")) return null;
  return { driver, gpus: (await askNvidiaSmi(signal))?.gpus ?? [] };
}

const QUERY = ["--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"];

/** Nothing where it is missing, fails, or hangs as it does while a card is being reset. */
async function askNvidiaSmi(signal?: AbortSignal): Promise<NvidiaFacts | null> {
  const limit = AbortSignal.timeout(NVIDIA_SMI_TIMEOUT_MS);
  try {
    const { code, stdout } = await runCommand("nvidia-smi", QUERY, {
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    return code === 0 ? parseNvidiaSmi(stdout) : null;
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}

/** Of the cards that the kernel can render with. */
async function readMakers(): Promise<string[]> {
  const makers: string[] = [];
  const entries = Deno.readDir("/sys/class/drm");
  try {
    for await (const { name } of entries) {
      if (!name.startsWith("renderD")) continue;
      const path = `/sys/class/drm/${name}/device/vendor`;
      const maker = makerOf(await Deno.readTextFile(path).catch(() => ""));
      if (maker !== undefined) makers.push(maker);
    }
  } catch {
    // this kernel draws nothing
  }
  return makers.sort();
}

/** The version of the C library that this process runs on. */
function glibcVersion(): string | null {
  try {
    const library = Deno.dlopen("libc.so.6", {
      gnu_get_libc_version: { parameters: [], result: "pointer" },
    });
    try {
      const text = library.symbols.gnu_get_libc_version();
      return text === null ? null : Deno.UnsafePointerView.getCString(text);
    } finally {
      library.close();
    }
  } catch {
    return null;
  }
}

/** Whether the system finds a library of this name. */
export function canLoad(name: string): boolean {
  try {
    Deno.dlopen(name, {}).close();
    return true;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
