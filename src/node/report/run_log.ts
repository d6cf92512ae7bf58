import type { Logger } from "@logtape/logtape";
import type { ModelRef } from "../../mesh/mod.ts";
import type { Reconciler } from "../serving/reconciler.ts";

type Jobs = Reconciler["jobs"];
type IdOf = (model: ModelRef) => string;

interface Runs {
  /** The models that this node answers for. */
  readonly serving: readonly string[];
  /** The models of others that it holds a share of. */
  readonly lending: readonly string[];
}

/** Says all that a node runs, whenever that has become another list. */
export class RunLog {
  readonly #logger: Logger;
  readonly #idOf: IdOf;
  #told = JSON.stringify({ serving: [], lending: [] });

  constructor(logger: Logger, idOf: IdOf) {
    this.#logger = logger;
    this.#idOf = idOf;
  }

  check(jobs: Jobs): void {
    const runs = runsOf(jobs, this.#idOf);
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

function runsOf(jobs: Jobs, idOf: IdOf): Runs {
  return {
    serving: jobs.flatMap(({ instance }) =>
      instance?.state === "warm" ? [idOf(instance.model)] : []
    ),
    lending: jobs.flatMap(({ plan, obeys }) =>
      plan.kind === "worker" && obeys?.ready ? [idOf(plan.model)] : []
    ),
  };
}
