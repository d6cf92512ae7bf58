/** The answers of `launchctl print`, and the log that a property list names. Pure. */

import type { ServiceStatus } from "./service.ts";

/** launchd promises no form for it: whatever is not found in it is not known. */
export function agentState(
  text: string,
): Pick<ServiceStatus, "state" | "pid" | "restarts" | "exitCode"> {
  const [, pid] = /^\s*pid = (\d+)$/m.exec(text) ?? [];
  const [, runs] = /^\s*runs = (\d+)$/m.exec(text) ?? [];
  const [, code] = /^\s*last exit code = (\d+)/m.exec(text) ?? [];
  const exitCode = pid === undefined && Number(code) > 0 ? Number(code) : null;
  return {
    state: pid !== undefined ? "running" : exitCode === null ? "stopped" : "restarting",
    pid: pid === undefined ? null : Number(pid),
    restarts: runs === undefined ? null : Math.max(0, Number(runs) - 1),
    exitCode,
  };
}

export function logOf(plist: string): string | null {
  const [, path] = /<key>StandardOutPath<\/key>\s*<string>([^<]*)<\/string>/.exec(plist) ?? [];
  if (path === undefined) return null;
  return path.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
