/** Refusals of the operating system, in words for people. A full disk is no fault of the program. Pure. */

import { asError } from "./as_error.ts";

export interface SystemFailure {
  readonly code: string;
  /** `Cannot write /data/node.json: the disk is full`. */
  readonly message: string;
  /** The remedy; `null` if the words say all that is known. */
  readonly remedy: string | null;
}

interface Words {
  readonly found: string;
  readonly remedy: string;
}

const NO_ROOM = "Free some space on that disk, or name another one with --data-dir or --models-dir";
const CLOSED = "Let this user read and write it, or name another folder";

const WORDS: Readonly<Record<string, Words>> = {
  ENOSPC: { found: "the disk is full", remedy: NO_ROOM },
  EDQUOT: { found: "this user's share of the disk is used up", remedy: NO_ROOM },
  EFBIG: { found: "the file would be larger than this disk allows", remedy: NO_ROOM },
  EROFS: {
    found: "the disk is mounted read-only",
    remedy: "Name another disk with --data-dir or --models-dir",
  },
  EACCES: { found: "permission denied", remedy: CLOSED },
  EPERM: { found: "the system does not permit it", remedy: CLOSED },
  EIO: {
    found: "the disk reports an error",
    remedy: "See what the system's log says of that disk, and name a folder on another one",
  },
  ESTALE: {
    found: "the network disk has lost it",
    remedy: "Mount that disk again, or name a folder on another one",
  },
  EMFILE: {
    found: "this process may not open more files",
    remedy: "Raise the limit, such as with ulimit -n 8192",
  },
  ENFILE: {
    found: "this machine may not open more files",
    remedy: "End programs that hold many files open, or raise the system's limit",
  },
  ENOMEM: {
    found: "the machine has no memory left",
    remedy: "End other programs, or offer less with --max-vram",
  },
  EADDRNOTAVAIL: {
    found: "this machine does not have that address",
    remedy: "See which addresses it has (ip address), and whether its loopback is up",
  },
};

/** Of the operating system; those of the runtime have an underscore. */
const CODE = /^E[A-Z0-9]+$/;

/** Deno's names of operations, in words for people. */
const VERBS: Readonly<Record<string, string>> = {
  mkdir: "make the folder",
  readdir: "list",
  readfile: "read",
  rename: "rename",
  stat: "look at",
  writefile: "write",
};

/** `null` where the error, and what caused it, is none of the operating system's. */
export function systemFailure(error: unknown): SystemFailure | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!("code" in cause) || typeof cause.code !== "string") continue;
    if (CODE.test(cause.code)) return describe(cause.code, cause.message);
  }
  return null;
}

/**
 * Only what was found, to complete a sentence that begins with what was attempted: "permission denied". `null` where the
 * error did not come from the system.
 */
export function systemReason(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") {
    return null;
  }
  return CODE.test(error.code) ? reasonOf(error.code, error.message) : null;
}

/** The same, with the error's own words where it did not come from the system. */
export function systemWords(error: unknown): string {
  return systemReason(error) ?? asError(error).message;
}

function describe(code: string, message: string): SystemFailure {
  const { operation, path } = read(message);
  const attempted = path === undefined
    ? "The system refused"
    : `Cannot ${VERBS[operation] ?? operation} ${path}`;
  const remedy = WORDS[code]?.remedy ?? null;
  return { code, message: `${attempted}: ${reasonOf(code, message)}`, remedy };
}

function reasonOf(code: string, message: string): string {
  const { text } = read(message);
  return WORDS[code]?.found ?? text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * Deno says `No space left on device (os error 28): open '/data/lock'`, with two paths for a rename; Node's modules say
 * `ENOSPC: no space left on device, open '/data/lock'`.
 */
function read(message: string) {
  const [, text, operation = "", path] =
    /^(.*?) \(os error \d+\)(?:: (\w+) '(.*?)')?/s.exec(message) ??
      /^E[A-Z0-9]+: (.*?)(?:, (\w+)(?: '(.*?)')?)?$/s.exec(message) ?? [];
  return { text: text ?? message, operation, path };
}
