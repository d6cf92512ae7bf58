/** Large meshes, and others that are about one thing. A failure says how its seed is seen again. */

import { checkJobs, manySeeds, seedsOf } from "./jobs.ts";

Deno.test("a crowd agrees, what is wanted is served, and halves are one without their bridge", async () => {
  await checkJobs([
    ...seedsOf("crowd", 1_000, 1),
    ...seedsOf("crowd", 200, 20),
    ...manySeeds("fleets", 40),
    ...manySeeds("pools", 6),
    ...seedsOf("pools", 5, 20),
    ...seedsOf("shared", 3, 60),
    ...seedsOf("two-of-three", 2, 40),
    ...seedsOf("requests", 3, 40),
    ...manySeeds("bridge", 30),
    ...manySeeds("introduction", 30),
  ]);
});
