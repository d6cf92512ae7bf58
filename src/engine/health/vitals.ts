/** The system's figures about a process, without asking the process itself. */

import { CHECK_TIMEOUT_MS } from "../base/defaults.ts";
import { runCommand } from "../../base/run_command.ts";

/** `stopped`: by a signal or a debugger. `blocked`: in a wait of the kernel that nothing interrupts, as for a disk or a driver. */
export type ProcessActivity = "stopped" | "blocked" | "running" | "waiting";

export interface Vitals {
  readonly activity: ProcessActivity;
  /** Grows while the process computes, or gets pages from a disk. Compared only with an earlier value. */
  readonly work: number;
}

/** `undefined` where no such process runs. */
export async function vitalsOf(pid: number): Promise<Vitals | undefined> {
  if (Deno.build.os !== "linux") return await psVitals(pid);
  try {
    // From the kernel's memory: it takes less time than to hand the question to another thread.
    return parseStatVitals(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return undefined; // no such process
  }
}

/** Fields 3 (state), 12 (page faults that read a disk), 14 and 15 (CPU time) of `/proc/<pid>/stat`: proc(5). */
export function parseStatVitals(stat: string): Vitals | undefined {
  const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [faults, user, system] = [fields[8], fields[10], fields[11]].map(Number);
  const activity = activityOf(state);
  if (activity === undefined || faults === undefined || user === undefined) return undefined;
  return { activity, work: faults + user + (system ?? 0) };
}

/** By the `ps` of every system. `undefined` also where it does not say. */
export async function psVitals(pid: number): Promise<Vitals | undefined> {
  try {
    const { stdout } = await runCommand("ps", ["-o", "stat=", "-o", "time=", "-p", String(pid)], {
      env: { LC_ALL: "C" },
      signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
    });
    return parsePsVitals(stdout);
  } catch {
    return undefined; // a machine that can start no process now gives no sample, and sampling must not end this one
  }
}

/** `Ss   0:01.23`, or nothing where there is no such process. */
export function parsePsVitals(line: string): Vitals | undefined {
  const [state = "", time = ""] = line.trim().split(/ +/);
  const activity = activityOf(state);
  if (activity === undefined) return undefined;
  const seconds = time.split(/[:-]/).map(Number).reduce((sum, part) => sum * 60 + part, 0);
  return { activity, work: Math.round(seconds * 100) };
}

/** Linux and macOS share the letters, but for the wait that nothing interrupts: D and U. */
function activityOf(state: string): ProcessActivity | undefined {
  switch (state[0]) {
    case "T":
    case "t":
      return "stopped";
    case "D":
    case "U":
      return "blocked";
    case "R":
      return "running";
    case "Z":
    case "X":
    case undefined:
      return undefined;
    default:
      return "waiting";
  }
}
