/** One thread of the simulator: runs the jobs that it is sent, one after the other. */

/// <reference lib="webworker" />

import { type JobSpec, replayCommand } from "./jobs.ts";
import { runSeed } from "./run.ts";
import { scenarioNamed } from "./scenarios.ts";

// Thousands of dials fail on purpose, and each would note where.
Error.stackTraceLimit = 0;

self.onmessage = async ({ data }: MessageEvent<JobSpec>) => {
  const { failures, world } = await runSeed({ ...data, scenario: scenarioNamed(data.scenario) });
  const isWell = failures.length === 0;
  self.postMessage(
    isWell ? null : [...failures, ...world.history, `Again: ${replayCommand(data)}`].join("\n"),
  );
};
