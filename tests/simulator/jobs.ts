/** Which seeds are run, and by how many threads. */

import assert from "node:assert/strict";

export interface JobSpec {
  readonly scenario: string;
  readonly seed: number;
  readonly size: number;
}

/** MESH_LLM_SEEDS: so many are run instead of a thousand; MESH_LLM_FIRST_SEED: from this one on. */
const SEEDS = Number(Deno.env.get("MESH_LLM_SEEDS") ?? 1_000);

/** Sizes between two bounds, small ones more often: each further node is more of the same. */
function sizeOf(seed: number, least: number, most: number): number {
  const spread = (seed * 0.618_033_988_75) % 1;
  return Math.round(least * (most / least) ** spread);
}

/** Seeds of a scenario with meshes of 3 to 50 nodes: their part of a thousand, one at least. */
export function manySeeds(scenario: string, ofThousand: number): JobSpec[] {
  const count = Math.ceil(ofThousand * SEEDS / 1_000);
  return seedNumbers(count).map((seed) => ({ scenario, seed, size: sizeOf(seed, 3, 50) }));
}

/** Seeds of meshes of one size; of a large one none where too few are run. */
export function seedsOf(scenario: string, size: number, ofThousand: number, least = 0): JobSpec[] {
  const count = Math.max(least, Math.floor(ofThousand * SEEDS / 1_000));
  return seedNumbers(count).map((seed) => ({ scenario, seed, size }));
}

function seedNumbers(count: number): number[] {
  const first = Number(Deno.env.get("MESH_LLM_FIRST_SEED") ?? 1);
  return Array.from({ length: count }, (_, index) => first + index);
}

/** How to see a seed again. */
export function replayCommand({ scenario, seed, size }: JobSpec): string {
  return `deno run -A tests/simulator/replay.ts ${scenario} ${seed} ${size}`;
}

/** Runs jobs on all cores; reports for each that failed how it is seen again. The longest come first. */
export async function checkJobs(jobs: readonly JobSpec[]): Promise<void> {
  assert.ok(jobs.length > 0);
  const failures = await runJobs(jobs);
  const report = `${failures.length} of ${jobs.length}\n${failures.join("\n\n")}`;
  assert.equal(failures.length, 0, report);
}

async function runJobs(jobs: readonly JobSpec[]): Promise<string[]> {
  const waiting = jobs.toSorted((a, b) => a.size - b.size);
  const failures: string[] = [];
  const threads = Math.min(navigator.hardwareConcurrency, jobs.length);
  await Promise.all(Array.from({ length: threads }, async () => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    try {
      for (let job = waiting.pop(); job !== undefined; job = waiting.pop()) {
        const failure = await ask(worker, job);
        if (failure !== null) failures.push(failure);
      }
    } finally {
      worker.terminate();
    }
  }));
  return failures;
}

function ask(worker: Worker, job: JobSpec): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  worker.onmessage = ({ data }) => resolve(data as string | null);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`${replayCommand(job)}\n${event.message}`));
  };
  worker.postMessage(job);
  return promise;
}
