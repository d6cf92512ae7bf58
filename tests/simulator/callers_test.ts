/** Models that are loaded because somebody asks for them: random fleets and callers, over many seeds. */

import { checkJobs, seedsOf } from "./jobs.ts";

Deno.test("whoever asks for a model that fits is answered in time, and nothing is cut or moved for nobody", async () => {
  await checkJobs([1, 2, 3, 5].flatMap((size) => seedsOf("callers", size, 6, 1)));
});

Deno.test("... also of a model that fits only several machines together, by turns with small ones", async () => {
  await checkJobs([2, 3, 5].flatMap((size) => seedsOf("sharing", size, 5, 1)));
});
