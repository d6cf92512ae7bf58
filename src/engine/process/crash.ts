/** Whether a server ended by a fault of its own: what it was asked may be the reason then. */

import { CRASH_KNOWN_MS } from "../base/defaults.ts";
import { saysWhy } from "../output/exit_cause.ts";
import type { ManagedServer, ServerSpec, ServerState } from "../base/types.ts";

/** SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV on Linux and, where it differs, on macOS: nobody sends them from outside. */
const CRASH_SIGNALS = [4, 6, 7, 8, 10, 11];

const SIGABRT = 6;

/** @param exitCode 128 + n where signal n ended it */
export function isCrashCode(exitCode: number | null): boolean {
  return exitCode !== null && CRASH_SIGNALS.includes(exitCode - 128);
}

type Failed = Extract<ServerState, { kind: "failed" }>;

/**
 * Whether the server ended by what it was asked, as far as that can be told. A GPU that was lost is no caller's fault: the
 * request is made again, on another device in the end. In a split llama.cpp aborts as well where it
 * loses a worker, and has not always the time to say so: there an abort counts only with a reason that is no worker's.
 */
export function isCrash(
  spec: ServerSpec,
  { exitCode, cause }: Pick<Failed, "exitCode" | "cause">,
): boolean {
  if (!isCrashCode(exitCode) || cause.lost !== undefined) return false;
  const isSplit = spec.kind === "llama-server" && spec.split.length > 0;
  if (!isSplit || exitCode !== 128 + SIGABRT) return true;
  return cause.part !== "worker" && saysWhy(cause, exitCode);
}

/** Whether a server whose connections broke has crashed. They break before its end is known, which is waited for. */
export function hasCrashed(server: ManagedServer): Promise<boolean> {
  return endedSo(server, (state) => isCrash(server.spec, state));
}

/** Whether a server that fails at a request has lost a GPU. It says so to its caller before it is ended for that. */
export function hasLostDevice(server: ManagedServer): Promise<boolean> {
  return endedSo(server, ({ cause }) => cause.lost !== undefined);
}

async function endedSo(
  server: ManagedServer,
  isSo: (state: Failed) => boolean,
): Promise<boolean> {
  const ended = Promise.withResolvers<boolean>();
  const look = (state: ServerState) => {
    if (state.kind === "failed") ended.resolve(isSo(state));
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
