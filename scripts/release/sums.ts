/** SHA256SUMS and its signature. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { SIGNATURE, SUMS } from "./names.ts";
import type { SigningKey } from "./signing.ts";

/** Of every file in the folder but these two, in the order of their names. */
export async function writeSums(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of await filesOf(folder)) {
    lines.push(`${await digestOf(join(folder, name))}  ${name}\n`);
  }
  await Deno.writeTextFile(join(folder, SUMS), lines.join(""));
}

export async function signSums(folder: string, key: SigningKey): Promise<void> {
  const signature = await key.sign(await Deno.readFile(join(folder, SUMS)));
  await Deno.writeFile(join(folder, SIGNATURE), signature);
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).filter((name) => name !== SUMS && name !== SIGNATURE)
    .sort();
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for await (const bytes of file.readable) hash.update(bytes);
  return hash.digest("hex");
}
