/** Reads what llama.cpp's binaries print about themselves. */

import type { ListedDevice } from "./device_kind.ts";

const MIB = 1024 * 1024;

/** A line that describes flags starts with them; what explains them is indented deeply. */
const FLAG_LINE = /^ {0,4}(-{1,2}[a-zA-Z][\w.-]*(?:, +-{1,2}[a-zA-Z][\w.-]*)*)/;

/** Short and long flags that a `--help` text offers. Those it only names to say that they are gone are left out. */
export function parseFlags(help: string): ReadonlySet<string> {
  const flags = new Set<string>();
  for (const entry of helpEntries(help)) {
    if (entry.includes("argument has been removed")) continue;
    for (const flag of FLAG_LINE.exec(entry)?.[1]?.split(/, +/) ?? []) flags.add(flag);
  }
  return flags;
}

/** Each flag line with the lines that explain it. */
function helpEntries(help: string): string[] {
  const entries: string[] = [];
  for (const line of help.split("\n")) {
    if (FLAG_LINE.test(line)) entries.push(line);
    else if (entries.length > 0) entries.push(`${entries.pop()} ${line.trim()}`);
  }
  return entries;
}

/** The build number from `--version`: `version: 0.7.0 (build 11669, ...)` or `version: 7899 (abc1234)`. */
export function parseBuild(version: string): string | undefined {
  return /\bbuild:? (\d+)\b/.exec(version)?.[1] ?? /^version: (\d+) /m.exec(version)?.[1];
}

/** `  CUDA0: NVIDIA GeForce RTX 3090 (24124 MiB, 23500 MiB free)`; some builds add the card's place: ` [PCI 0000:06:00.0]`. */
const DEVICE_LINE = /^ +([^\s:]+): (.*?) +\((\d+) MiB, +(\d+) MiB free\)(?: \[[^\]]*\])?\s*$/;

/** The user's `LLAMA_ARG_RPC` brings devices of other machines, which those offer by themselves. */
const ELSEWHERE = /^RPC\d/;

/** The devices that `--list-devices` names; none on a machine with a CPU only. An accelerator library such as BLAS is none. */
export function parseDevices(list: string): ListedDevice[] {
  return list.split("\n").flatMap((line) => {
    const [, name, description, total, free] = DEVICE_LINE.exec(line) ?? [];
    if (name === undefined || description === undefined || Number(total) === 0) return [];
    if (ELSEWHERE.test(name)) return [];
    return [{ name, description, totalBytes: Number(total) * MIB, freeBytes: Number(free) * MIB }];
  });
}
