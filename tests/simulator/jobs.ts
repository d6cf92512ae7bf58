/** Which seeds are run, and by how many threads. */

export interface JobSpec {
  readonly scenario: string;
  readonly seed: number;
  readonly size: number;
}

/** Sizes between two bounds, small ones more often: each further node is more of the same. */
function sizeOf(seed: number, least: number, most: number): number {
  const spread = (seed * 0.618_033_988_75) % 1;
  return Math.round(least * (most / least) ** spread);
}

/** Some seeds of a scenario with meshes of 3 to 50 nodes. */
export function manySeeds(scenario: string, count: number, firstSeed = 1): JobSpec[] {
  return Array.from({ length: count }, (_, index) => {
    const seed = firstSeed + index;
    return { scenario, seed, size: sizeOf(seed, 3, 50) };
  });
}

/** Some seeds of one size. */
export function seedsOf(scenario: string, size: number, count: number): JobSpec[] {
  return Array.from({ length: count }, (_, index) => ({ scenario, seed: index + 1, size }));
}

/** How to see a seed again. */
export function replayCommand({ scenario, seed, size }: JobSpec): string {
  return `deno run -A tests/simulator/replay.ts ${scenario} ${seed} ${size}`;
}

/** Runs jobs on all cores; answers with a sentence for each that failed. The longest come first. */
export async function runJobs(jobs: readonly JobSpec[]): Promise<string[]> {
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
