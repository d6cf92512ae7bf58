/** Lines that a program of the system prints, for people as it prints them. */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { jsonText } from "../../../base/printable.ts";
import { offerOut } from "../../base/output.ts";

export interface ShownLine {
  /** ISO 8601; `null` where the system does not keep it. */
  readonly time: string | null;
  readonly line: string;
}

export interface ShowOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Of a line that the program prints; `null` leaves all as it is. */
  readonly read: ((line: string) => ShownLine) | null;
}

/** Resolves with the program's exit code. @throws {Deno.errors.NotFound} where there is none of that name. */
export async function showLines(
  program: string,
  args: readonly string[],
  { env = {}, read }: ShowOptions,
): Promise<number> {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    stdin: "null",
    stdout: read === null ? "inherit" : "piped",
  }).spawn();
  if (read !== null) {
    const input = Readable.from(child.stdout.pipeThrough(new TextDecoderStream()));
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (!offerOut(jsonText(read(line)))) child.kill();
    }
  }
  return (await child.status).code;
}
