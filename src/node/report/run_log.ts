import type { Logger } from "@logtape/logtape";
import type { Reconciler } from "../serving/reconciler.ts";

type Jobs = Reconciler["jobs"];

interface Runs {
  /** The models that this node answers for. */
  readonly serving: readonly string[];
  /** The models of others that it holds a share of. */
  readonly lending: readonly string[];
}

/** Says all that a node runs, whenever that has become another list. */
export class RunLog {
  readonly #logger: Logger;
  #told = JSON.stringify(runsOf([]));

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  check(jobs: Jobs): void {
    const runs = runsOf(jobs);
    const told = JSON.stringify(runs);
    if (told === this.#told) return;
    this.#told = told;
    const isNothing = runs.serving.length + runs.lending.length === 0;
    this.#logger.info(
      isNothing
        ? "This node runs no model"
        : "This node serves {serving}, and lends memory to {lending}",
      { event: "runs", ...runs },
    );
  }
}

function runsOf(jobs: Jobs): Runs {
  return {
    serving: jobs.flatMap(({ instance }) =>
      instance?.state === "warm" ? [instance.model.name] : []
    ),
    lending: jobs.flatMap(({ plan, obeys }) =>
      plan.kind === "worker" && obeys?.ready ? [plan.model.name] : []
    ),
  };
}
