/**
 * How many meshes a property draws, and which. MESH_LLM_FUZZ_RUNS: so many; MESH_LLM_FUZZ_SEED: others. Each run of the tests
 * draws the same ones, for of all meshes there are a few in ten thousand that find something new: those who look for them
 * draw thousands, and nobody's change fails by chance.
 */
export function draws(runs: number, runsVariable = "MESH_LLM_FUZZ_RUNS") {
  return {
    numRuns: Number(Deno.env.get(runsVariable) ?? runs),
    seed: Number(Deno.env.get("MESH_LLM_FUZZ_SEED") ?? 1),
  };
}
