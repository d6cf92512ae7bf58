import { reasonOf } from "../../base/as_error.ts";
import { type Changed, type DownloadParts, idleJob, type Job } from "./job.ts";
import type { Plan } from "../plan/plan.ts";

type DownloadPlan = Extract<Plan, { kind: "download" }>;

/**
 * Fetches a model of the catalog that the mesh lacks. Once the file is there the plan becomes another
 * one; what has arrived is kept where that happens earlier.
 */
export function downloadJob(plan: DownloadPlan, parts: DownloadParts, changed: Changed): Job {
  const ending = new AbortController();
  let failure: string | null = null;
  const fetching = parts.fetchModel(plan.name, ending.signal).catch((error: unknown) => {
    if (ending.signal.aborted) return;
    failure = reasonOf(error);
    changed();
  });
  return {
    ...idleJob(plan, null),
    get failure() {
      return failure;
    },
    async stop() {
      ending.abort(new Error("The model is no longer needed here"));
      await fetching;
    },
  };
}
