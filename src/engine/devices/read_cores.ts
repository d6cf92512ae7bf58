/** The system's description of its processors. */

import { dirname, join } from "node:path";
import { type CoreFacts, type LogicalCpu, parseCpuList, parseCpuMax, threadsFor } from "./cores.ts";
import type { Threads } from "../base/types.ts";
import { runCommand } from "../../base/run_command.ts";

/** Threads for llama.cpp on this machine. The user's `LLAMA_ARG_THREADS`, which llama-server heeds, counts for all. */
export async function machineThreads(
  root = "/",
  told = Deno.env.get("LLAMA_ARG_THREADS"),
): Promise<Threads> {
  const wished = Number(told || NaN);
  if (Number.isInteger(wished) && wished > 0) return { count: wished, isFewer: false };
  if (Deno.build.os === "darwin") return { count: await macCores(), isFewer: false };
  const facts = await linuxFacts(root);
  if (facts.cpus.length > 0) return threadsFor(facts);
  return { count: navigator.hardwareConcurrency, isFewer: false };
}

/** As llama.cpp counts on a Mac: the cores of the first performance level, else all. */
async function macCores(): Promise<number> {
  for (const name of ["hw.perflevel0.physicalcpu", "hw.physicalcpu"]) {
    const { stdout } = await runCommand("sysctl", ["-n", name]).catch(() => ({ stdout: "" }));
    const cores = Number(stdout.trim() || NaN);
    if (Number.isInteger(cores) && cores > 0) return cores;
  }
  return navigator.hardwareConcurrency;
}

/** @param root of the file system that is read; another one in tests. */
export async function linuxFacts(root: string): Promise<CoreFacts> {
  const read = (path: string) =>
    Deno.readTextFile(join(root, path)).then((text) => text.trim(), () => null);
  const status = await read("/proc/self/status");
  const allowed = status?.match(/^Cpus_allowed_list:\s*(\S+)$/m)?.[1];
  return {
    cpus: await linuxCpus(read),
    allowed: allowed === undefined ? null : parseCpuList(allowed),
    quota: await cgroupCpus(read),
  };
}

type Read = (path: string) => Promise<string | null>;

async function linuxCpus(read: Read): Promise<LogicalCpu[]> {
  const online = await read("/sys/devices/system/cpu/online");
  // A processor with two kinds of cores is two devices: `cpu_core` and `cpu_atom`.
  const performance = await read("/sys/devices/cpu_core/cpus");
  const fast = performance === null ? null : parseCpuList(performance);
  const ids = [...parseCpuList(online ?? "")];
  return await Promise.all(ids.map(async (id) => {
    const cpu = `/sys/devices/system/cpu/cpu${id}`;
    const siblings = await read(`${cpu}/topology/thread_siblings_list`);
    const capacity = Number(await read(`${cpu}/cpu_capacity`) || NaN);
    return {
      id,
      core: siblings ?? String(id),
      isPerformance: fast && fast.has(id),
      capacity: capacity > 0 ? capacity : null,
    };
  }));
}

/** The tightest bound of this process's control group and those above it, of either version. */
async function cgroupCpus(read: Read): Promise<number> {
  const groups = (await read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const bounds = groups.flatMap(([, controllers = "", path = "/"]) => {
    if (controllers === "") return upwards(path).map((group) => v2Bound(read, group));
    if (!controllers.split(",").includes("cpu")) return [];
    return upwards(path).map((group) => v1Bound(read, group));
  });
  return Math.min(...await Promise.all(bounds), Infinity);
}

async function v2Bound(read: Read, group: string): Promise<number> {
  return parseCpuMax(await read(`/sys/fs/cgroup${group}/cpu.max`) ?? "");
}

async function v1Bound(read: Read, group: string): Promise<number> {
  const files = ["quota", "period"].map((file) =>
    read(`/sys/fs/cgroup/cpu${group}/cpu.cfs_${file}_us`)
  );
  return parseCpuMax((await Promise.all(files)).join(" "));
}

/** `/a/b`, `/a`, ``: inside a container the group's own path may not be there, and the top is the container's. */
function upwards(path: string): string[] {
  if (path === "/" || path === ".") return [""];
  return [path, ...upwards(dirname(path))];
}
