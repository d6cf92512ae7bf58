/** The answers of `launchctl print`, and what a property list of this program names. Pure. */

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
  return path === undefined ? null : unescaped(path);
}

/** The command line that it runs; nothing where it names none. */
export function argumentsOf(plist: string): string[] {
  const [, list = ""] = /<key>ProgramArguments<\/key>\s*<array>(.*?)<\/array>/s.exec(plist) ?? [];
  return [...list.matchAll(/<string>([^<]*)<\/string>/g)].map(([, text = ""]) => unescaped(text));
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
