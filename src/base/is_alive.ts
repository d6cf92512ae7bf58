import process from "node:process";

/** Whether a process of that id runs. Signal 0 only asks; a process of another user is alive too, and refuses. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
