import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { scripted } from "../scripted.ts";
import { solo, supervising } from "../supervising.ts";
import { tempDir } from "../temp_dir.ts";

/** Writes how its threads are to wait into a folder, by the name of its model, and ends. */
const TELLS = (folder: string) =>
  `while [ "$1" != --alias ]; do shift; done
printf %s "$OMP_WAIT_POLICY" > ${folder}/"$2"
exec sleep 60
`;

// Both spinning, two models on 2 cores made 5 tokens a second together at times, instead of 107.
Deno.test("threads of a server that starts beside another one of the node do not spin", async () => {
  const told = Deno.env.get("OMP_WAIT_POLICY");
  Deno.env.delete("OMP_WAIT_POLICY");
  try {
    await using folder = await tempDir();
    await using parts = await supervising(await scripted(folder.path, TELLS(folder.path)));
    const waits = async (modelName: string) => {
      const server = parts.supervisor.launch({ ...solo, modelName }, { restart: false });
      const path = join(folder.path, modelName);
      while (await Deno.stat(path).catch(() => null) === null) {
        assert.equal(server.state.kind, "starting", JSON.stringify(server.state));
        await delay(10);
      }
      return { server, policy: await Deno.readTextFile(path) };
    };
    const first = await waits("first");
    const second = await waits("second");
    assert.deepEqual([first.policy, second.policy], ["", "passive"]);
    await Promise.all([first.server.stop(), second.server.stop()]);
    assert.equal((await waits("third")).policy, "", "it is alone again");
  } finally {
    if (told !== undefined) Deno.env.set("OMP_WAIT_POLICY", told);
  }
});
