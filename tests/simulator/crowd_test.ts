/** Large meshes, and others that are about one thing. A failure says how its seed is seen again. */

import { checkJobs, manySeeds, seedsOf } from "./jobs.ts";

Deno.test("a crowd agrees, what is wanted is served, and halves are one without their bridge", async () => {
  await checkJobs([
    ...seedsOf("crowd", 1_000, 1),
    ...seedsOf("crowd", 200, 20),
    ...manySeeds("fleets", 40),
    ...manySeeds("bridge", 30),
    ...manySeeds("introduction", 30),
  ]);
});
