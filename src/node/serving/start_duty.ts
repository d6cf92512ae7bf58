import type { Instance, ModelRef } from "../../mesh/mod.ts";
import { downloadDuty } from "./download_duty.ts";
import { type Changed, type Duty, type DutyParts, idleDuty, sizesOf } from "./duty.ts";
import { HostDuty } from "./host_duty.ts";
import type { Plan } from "../plan/plan.ts";
import { SoloDuty } from "./solo_duty.ts";
import { everyone, highestTerm, type View } from "../plan/view.ts";
import { WorkerDuty } from "./worker_duty.ts";

/** Makes plans into duties, each instance with a term of its own. */
export class DutyStarter {
  readonly #parts: DutyParts;
  readonly #terms = new Map<string, number>();

  constructor(parts: DutyParts) {
    this.#parts = parts;
  }

  /** What can't even begin is a duty that has failed. */
  start(plan: Plan, view: View, changed: Changed): Duty {
    try {
      return this.#start(plan, view, changed);
    } catch (error) {
      return idleDuty(plan, null, error instanceof Error ? error.message : String(error));
    }
  }

  #start(plan: Plan, view: View, changed: Changed): Duty {
    const parts = this.#parts;
    switch (plan.kind) {
      case "solo":
        return new SoloDuty(plan, this.#newTerm(plan.model, view), parts, changed);
      case "host":
        return new HostDuty(plan, this.#newTerm(plan.model, view), parts, changed);
      case "worker":
        return new WorkerDuty(plan, parts, changed);
      case "waiting":
        return idleDuty(plan, waitingInstance(plan, this.#newTerm(plan.model, view), parts));
      case "download":
        return downloadDuty(plan, parts, changed);
      case "follow":
      case "standby":
        return idleDuty(plan, null);
    }
  }

  /** Above every term that this node has seen for the model, those of the dead included. */
  #newTerm(model: ModelRef, view: View): number {
    const seen = Math.max(
      this.#terms.get(model.fingerprint) ?? 0,
      highestTerm(everyone(view), model),
    );
    this.#terms.set(model.fingerprint, seen + 1);
    return seen + 1;
  }
}

function waitingInstance(
  { model, needBytes, haveBytes }: Extract<Plan, { kind: "waiting" }>,
  term: number,
  parts: DutyParts,
): Instance {
  return {
    model,
    ...sizesOf(parts, { model }),
    mode: "split",
    state: "waiting",
    term,
    hostShare: 0,
    workers: [],
    needBytes,
    haveBytes,
  };
}
