/** Relays and members of the first version that had relays, beside today's. */

import assert from "node:assert/strict";
import type { Status } from "../../src/api/mod.ts";
import { EARLIER, earlierProgramOf } from "./earlier_nodes.ts";
import { answersExactly, until, warm } from "./mesh_of_nodes.ts";
import { addRelay, homesOfNodes, homesTest, relayed, tokenOf } from "./nodes_at_homes.ts";

const version = EARLIER.at(-1)!;
const program = earlierProgramOf(version);

const isRelayed = ({ peers: [peer] }: Status) => peer?.reached?.kind === "relayed";

function relayTest(name: string, fn: (path: string) => Promise<void>): void {
  if (program.path === null) Deno.test.ignore(`${name} (${program.reason})`, () => {});
  else homesTest(name, () => fn(program.path));
}

relayTest(
  `a split with a worker of ${version.version} goes over its relay, and over today's after kill -9`,
  async (path) => {
    await using homes = await homesOfNodes(["by new ports", "by new ports"]);
    const [old, relay, near] = await Promise.all([
      homes.relay("old", { compiled: path }),
      homes.relay("today", { isCompiled: true }),
      homes.start("near", ["--model", "guide", "--split", "--max-vram", "2"], { isCompiled: true }),
    ]);
    await addRelay(near, old);
    await relayed(near, 1);
    const joining = ["--join", await tokenOf(near)];
    const far = await homes.start("far", [...joining, "--max-vram", "1"], { compiled: path });
    await until(near, "warm split", warm("guide", "split"));
    await Promise.all([near, far].map((node) => until(node, "relayed", isRelayed)));
    await Promise.all([near, far].map((node) => answersExactly(node)));
    await addRelay(near, relay);
    await Promise.all([near, far].map((node) => relayed(node, 2)));
    old.kill("SIGKILL");
    await old.exited;
    await Promise.all([near, far].map((node) => answersExactly(node)));
    const { peers: [peer] } = await until(near, "relayed", isRelayed);
    assert.equal(peer?.version, version.version);
  },
);
