/**
 * `deno task bench [name] [options]`: runs one benchmark, or all of them. Each is a module in
 * `scripts/bench/` that exports `run(args)`, compares with the thing to beat in the same run and
 * prints medians and ratios. Results worth keeping go to docs/benchmarks.md with date and machine.
 */

import { complain } from "./run.ts";

interface Benchmark {
  run(args: readonly string[]): Promise<void>;
}

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  console: () => import("./bench/console.ts"),
  files: () => import("./bench/files.ts"),
  load: () => import("./bench/load.ts"),
  api: () => import("./bench/api.ts"),
  plan: () => import("./bench/plan.ts"),
  main: () => import("./bench/main_job.ts"),
  models: () => import("./bench/models.ts"),
  mesh: () => import("./bench/mesh.ts"),
  prompt: () => import("./bench/prompt.ts"),
  reach: () => import("./bench/reach.ts"),
  requests: () => import("./bench/requests.ts"),
  rpc: () => import("./bench/rpc.ts"),
  token: () => import("./bench/token.ts"),
  transport: () => import("./bench/transport.ts"),
};

const [name, ...rest] = Deno.args;
const names = name === undefined ? Object.keys(BENCHMARKS) : [name];
for (const chosen of names) {
  const load = BENCHMARKS[chosen];
  if (load === undefined) {
    const known = Object.keys(BENCHMARKS).join(", ");
    complain(`Cannot run benchmark "${chosen}": the benchmarks are ${known}`);
    Deno.exit(2);
  }
  await (await load()).run(rest);
}
// A libp2p node that has stopped keeps its process alive.
Deno.exit(0);
