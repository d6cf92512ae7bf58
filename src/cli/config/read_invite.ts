/** An invite that is not on the command line: from standard input, or a file. */

import { openMode } from "../../base/own_files.ts";
import { INVITE_BYTES_MAX } from "../base/defaults.ts";
import { printError } from "../base/output.ts";
import { UsageError } from "../base/usage_error.ts";

const NEWLINE = 0x0a;

/** `-` is standard input, `@PATH` a file, and anything else the invite itself. @throws {UsageError} */
export function readInvite(join: string): string {
  if (join === "-") return fromInput();
  return join.startsWith("@") ? fromFile(join.slice(1)) : join;
}

function fromInput(): string {
  if (Deno.stdin.isTerminal()) printError("Paste the invite, and press Enter: ");
  return oneLine(Deno.stdin, "Standard input");
}

/** @throws {UsageError} also where others may read it: a user who reads it can join. */
function fromFile(path: string): string {
  try {
    using file = Deno.openSync(path);
    if (openMode(file.statSync().mode) !== null) {
      throw new UsageError(`Others may read the invite in ${path}: run chmod 600 ${path}`);
    }
    return oneLine(file, path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`Cannot read the invite in ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Ends with the first line: the writer of a pipe may keep it open. */
function oneLine(input: { readSync(into: Uint8Array): number | null }, name: string): string {
  const bytes = new Uint8Array(INVITE_BYTES_MAX);
  let length = 0;
  while (length < bytes.length && !isLine(bytes.subarray(0, length))) {
    const read = input.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  const [line = ""] = new TextDecoder().decode(bytes.subarray(0, length)).trim().split("\n");
  if (line !== "" && length < bytes.length) return line.trim();
  throw new UsageError(`${name} holds no invite`);
}

/** Whether something is there and its line has ended; empty lines before it do not count. */
function isLine(bytes: Uint8Array): boolean {
  const start = bytes.findIndex((byte) => byte > 0x20);
  return start !== -1 && bytes.includes(NEWLINE, start);
}
