/** `deno run -A tests/simulator/replay.ts SCENARIO SEED SIZE`: runs one seed and tells what happened. */

import { complain, say } from "../../scripts/run.ts";
import { runSeed } from "./run.ts";
import { scenarioNamed } from "./scenarios.ts";

const [name, seed, size] = Deno.args;
if (name === undefined || seed === undefined || size === undefined) {
  complain("Name a scenario, a seed and a size");
  Deno.exit(2);
}
const scenario = scenarioNamed(name);
const startedAt = performance.now();
const { failures, world } = await runSeed({ scenario, seed: Number(seed), size: Number(size) });
say(world.history.join("\n"));
say(`${Math.round(performance.now() - startedAt)} ms for ${Math.round(world.time.now)} ms`);
say(JSON.stringify(world.network.traffic));
say(failures.length === 0 ? "All is well" : failures.join("\n"));
Deno.exit(failures.length === 0 ? 0 : 1);
