/** A process known by more than its pid, which the system gives to another one later. */

import { runCommand } from "../../base/run_command.ts";

export interface ProcessIdentity {
  readonly pid: number;
  /** Compared as text: what it says differs by system. */
  readonly startTime: string;
}

/** `undefined` where no such process runs; a zombie has ended. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = Deno.build.os === "linux" ? await linuxStartTime(pid) : await psStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await identify(pid))?.startTime === startTime;
}

/** Signals the process unless its pid belongs to another one now. Returns whether it still ran. */
export async function signalProcess(
  process: ProcessIdentity,
  signal: Deno.Signal,
): Promise<boolean> {
  if (!await isRunning(process)) return false;
  try {
    Deno.kill(process.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false; // it ended meanwhile
    throw error;
  }
}

/** Start in clock ticks since boot, with the boot that it counts from. */
async function linuxStartTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const bootId = await Deno.readTextFile("/proc/sys/kernel/random/boot_id");
    const ticks = parseStatStartTime(stat);
    return ticks === undefined ? undefined : `${bootId.trim()}/${ticks}`;
  } catch {
    return undefined; // no such process
  }
}

/** Field 22 of `/proc/<pid>/stat`; field 2, the name, may hold spaces and brackets. */
export function parseStatStartTime(stat: string): string | undefined {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : fields[18];
}

async function psStartTime(pid: number): Promise<string | undefined> {
  const { stdout } = await runCommand("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], {
    env: { LC_ALL: "C" },
  });
  return parsePsStartTime(stdout);
}

/** `Ss   Sun Nov 22 00:36:29 2026`, or nothing where there is no such process. */
export function parsePsStartTime(line: string): string | undefined {
  const [state, ...start] = line.trim().split(/ +/);
  return state === undefined || start.length === 0 || state.startsWith("Z")
    ? undefined
    : start.join(" ");
}
