import assert from "node:assert/strict";
import { runSeed } from "./run.ts";
import { SCENARIOS } from "./scenarios.ts";

for (const scenario of SCENARIOS) {
  Deno.test(`in the simulator ${scenario.name} ends well`, async () => {
    for (const seed of [3, 4, 5]) {
      const size = 3 + seed;
      const { failures, world } = await runSeed({ scenario, seed, size });
      const replay = `deno run -A tests/simulator/replay.ts ${scenario.name} ${seed} ${size}`;
      assert.deepEqual(failures, [], `Replay: ${replay}\n${world.history.join("\n")}`);
    }
  });
}
