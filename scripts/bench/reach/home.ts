/**
 * One home of a measurement, in a process of its own. `found FOLDER CLAIM` prints a token and its PeerId; `join FOLDER TOKEN
 * PEER COUNT` joins so often, each time as a new machine, and prints how long it took each time.
 */

import { join } from "node:path";
import type { PeerId } from "../../../src/mesh/mod.ts";
import { addRelay, holdsOn, startBenchMember } from "./member.ts";

/** Milliseconds since the start of a machine that joins. */
export interface Joined {
  readonly metMs: number;
  readonly directMs: number;
}

const [role, folder = "", what = "", peer, count] = Deno.args;

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

async function found(claim: string): Promise<void> {
  const mesh = await startBenchMember({ dataDir: join(folder, "near"), token: null });
  await addRelay(mesh, claim);
  print([await mesh.invite({ role: "member" }), mesh.self]);
  for await (const _ of Deno.stdin.readable);
}

async function joinOnce(dataDir: string, token: string): Promise<Joined> {
  const started = performance.now();
  const mesh = await startBenchMember({ dataDir, token });
  const when = async (holds: () => boolean) => {
    await holdsOn(mesh, holds);
    return performance.now() - started;
  };
  const metMs = await when(() => mesh.members().some((one) => one.peer === peer));
  const directMs = await when(() => mesh.reachedBy()(peer as PeerId)?.kind === "punched");
  await mesh.stop();
  return { metMs, directMs };
}

if (role === "found") await found(what);
for (let at = 0; at < Number(count); at++) print(await joinOnce(join(folder, `far-${at}`), what));
Deno.exit(0);
