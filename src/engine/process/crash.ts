/** Whether a server ended by a fault of its own: what it was asked may be the reason then. */

import { CRASH_KNOWN_MS } from "../base/defaults.ts";
import type { ManagedServer, ServerState } from "../base/types.ts";

/** SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV on Linux and, where it differs, on macOS: nobody sends them from outside. */
const CRASH_SIGNALS = [4, 6, 7, 8, 10, 11];

/** @param exitCode 128 + n where signal n ended it */
export function isCrashCode(exitCode: number | null): boolean {
  return exitCode !== null && CRASH_SIGNALS.includes(exitCode - 128);
}

/** Whether a server whose connections broke has crashed. They break before its end is known, which is waited for. */
export async function hasCrashed(server: ManagedServer): Promise<boolean> {
  const ended = Promise.withResolvers<boolean>();
  const look = (state: ServerState) => {
    if (state.kind === "failed") ended.resolve(isCrashCode(state.exitCode));
    else if (state.kind !== "ready") ended.resolve(false);
  };
  const unsubscribe = server.subscribe(look);
  const timer = setTimeout(() => ended.resolve(false), CRASH_KNOWN_MS);
  look(server.state);
  try {
    return await ended.promise;
  } finally {
    unsubscribe();
    clearTimeout(timer);
  }
}
