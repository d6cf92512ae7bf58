/**
 * A member of a mesh in a process of its own, for `mesh.ts`. Arguments: data directory, token or `-`.
 * Each line on stdin becomes what it wants of the mesh; on stdout it tells as JSON lines what it sees.
 */

import { createInterface } from "node:readline";
import { getLogger } from "@logtape/logtape";
import { MESH_DEFAULTS } from "../../../src/mesh/config.ts";
import { startMesh } from "../../../src/mesh/mod.ts";
import { content } from "../../../tests/mesh/content.ts";

export type Told =
  | { readonly event: "ready"; readonly token: string | null }
  | { readonly event: "members"; readonly count: number }
  /** At what time, by the machine's clock, it was said or seen that somebody wants this. */
  | { readonly event: "said" | "saw"; readonly wanted: string; readonly atMs: number };

const [dataDir = "", token = "-"] = Deno.args;
const mesh = await startMesh({
  dataDir,
  config: { ...MESH_DEFAULTS, lan: false, join: token === "-" ? null : token },
  role: "member",
  name: "member",
  version: "0.1.0",
  logger: getLogger("bench"),
  interfaces: () => [{ name: "lo", address: "127.0.0.1" }],
});

const now = () => performance.timeOrigin + performance.now();
const tell = (told: Told) =>
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(told)}\n`));

let members = 0;
const seen = new Set<string>();
mesh.announce(content({ name: "member" }));
mesh.subscribe(() => {
  const count = mesh.members().length;
  if (count !== members) tell({ event: "members", count });
  members = count;
  for (const wanted of mesh.members().flatMap((member) => member.wanted)) {
    if (!seen.has(wanted)) tell({ event: "saw", wanted, atMs: now() });
    seen.add(wanted);
  }
});
const invite = mesh.mayInvite ? await mesh.invite({ role: "member" }) : null;
tell({ event: "ready", token: invite });

for await (const wanted of createInterface({ input: process.stdin })) {
  seen.add(wanted);
  tell({ event: "said", wanted, atMs: now() });
  mesh.announce(content({ name: "member", wanted: [wanted] }));
}
await mesh.stop();
Deno.exit(0);
