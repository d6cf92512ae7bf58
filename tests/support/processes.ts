/** The processes on this machine, as the operating system's own `ps` lists them. */

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export async function listProcesses(): Promise<ProcessInfo[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-axww", "-o", "pid=,ppid=,stat=,command="],
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null) return [];
    const [, pid, parent, state = "", command = ""] = match;
    // A zombie has ended; only its parent has not looked yet.
    if (state.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** All that descend from a process, without itself. */
export async function descendants(pid: number): Promise<ProcessInfo[]> {
  const all = await listProcesses();
  const found: ProcessInfo[] = [];
  const queue = [pid];
  while (queue.length > 0) {
    const parent = queue.shift();
    const children = all.filter((one) => one.parent === parent);
    found.push(...children);
    queue.push(...children.map((child) => child.pid));
  }
  return found;
}

/** The llama.cpp processes below a node, without the shells that guard them. */
export async function engineProcesses(
  pid: number,
  binary: "llama-server" | "rpc-server",
): Promise<ProcessInfo[]> {
  const below = await descendants(pid);
  return below.filter(({ command }) =>
    command.includes(binary) && !command.includes("mesh-llm-guard") && !/^\S*sh /.test(command)
  );
}

/** CPU time that a process has used so far. */
export async function cpuSeconds(pid: number): Promise<number> {
  if (Deno.build.os === "linux") return fromProc(await Deno.readTextFile(`/proc/${pid}/stat`));
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "time=", "-p", `${pid}`] })
    .output();
  const parts = new TextDecoder().decode(stdout).trim().split(":").map(Number);
  return parts.reduce((sum, part) => sum * 60 + part, 0);
}

/** `ps` on Linux knows whole seconds only. Fields 14 and 15 are ticks of 10 ms: proc(5). */
function fromProc(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
