/** How many connections a port may hold, so that files are left for all else. */

import { CONNECTIONS_MAX, FILES_KEPT_FREE, USUAL_OPEN_FILES } from "../base/defaults.ts";

/** The number of files that the system lets this process open; the usual limit if the system does not say. */
export function openFilesLimit(): number {
  try {
    return softLimit(Deno.readTextFileSync("/proc/self/limits")) ?? USUAL_OPEN_FILES;
  } catch {
    return USUAL_OPEN_FILES;
  }
}

/** The first of the two numbers in Linux's own table; nothing where there is no bound. */
export function softLimit(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

/** @param share of this port in all connections. */
export function connectionsAllowed(openFiles: number, share: number): number {
  const free = Math.max(openFiles - FILES_KEPT_FREE, openFiles / 2);
  return Math.floor(Math.min(free, CONNECTIONS_MAX) * share);
}
