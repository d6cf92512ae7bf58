import type { ManagedServer } from "../engine/mod.ts";
import type { Instance } from "../mesh/mod.ts";
import { purposeOf, servedContext } from "../models/mod.ts";
import {
  type Changed,
  type Duty,
  type DutyParts,
  failureOf,
  type LocalServer,
  sizesOf,
} from "./duty.ts";
import type { Plan } from "./plan.ts";

type SoloPlan = Extract<Plan, { kind: "solo" }>;

/** Serves a model that fits this node, with a llama-server that starts again when it crashes. */
export class SoloDuty implements Duty {
  readonly obeys = null;
  readonly rpcPort = null;
  readonly openTerm = null;
  readonly #server: ManagedServer;
  readonly #startedMs: number;
  #announced = false;

  constructor(
    readonly plan: SoloPlan,
    readonly term: number,
    private readonly parts: DutyParts,
    changed: Changed,
  ) {
    const model = parts.localModel(plan);
    if (model === undefined) throw new Error(`Cannot serve ${plan.model.name}: its file is gone`);
    this.#startedMs = parts.now();
    const draft = parts.draftOf(model);
    if (draft.kind === "draft") {
      parts.logger.info("{draft} drafts for {model}", {
        draft: draft.draft.name,
        model: model.name,
      });
    } else if (draft.reason !== null) {
      parts.logger.warn("Nothing drafts for {model}: {reason}", {
        model: model.name,
        reason: draft.reason,
      });
    }
    this.#server = parts.supervisor.launch({
      kind: "llama-server",
      modelPath: model.path,
      modelName: model.name,
      contextLength: servedContext(model.header, parts.contextLength),
      purpose: purposeOf(model.header),
      split: [],
      draftPath: draft.kind === "draft" ? draft.draft.path : null,
      projectorPath: model.projector?.path ?? null,
    }, { restart: true });
    this.#server.subscribe(() => {
      this.#report();
      changed();
    });
  }

  get server(): LocalServer | null {
    const { state, apiKey } = this.#server;
    return state.kind === "ready" ? { baseUrl: `http://127.0.0.1:${state.port}`, apiKey } : null;
  }

  /** It starts again by itself for a while; what never starts is for the reconciler to retry. */
  get failure(): string | null {
    const { state } = this.#server;
    const gaveUp = state.kind === "failed" && state.retryAtMs === null;
    return gaveUp ? failureOf("llama-server", this.#server) : null;
  }

  get progress(): number {
    return this.#server.progress;
  }

  get instance(): Instance {
    const { model, needBytes } = this.plan;
    return {
      model,
      ...sizesOf(this.parts, this.plan),
      mode: "solo",
      state: this.server === null ? "loading" : "warm",
      term: this.term,
      hostShare: 1,
      workers: [],
      needBytes,
      haveBytes: needBytes,
    };
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  #report(): void {
    const { state } = this.#server;
    const { name } = this.plan.model;
    if (state.kind === "ready" && !this.#announced) {
      this.#announced = true;
      const loadMs = Math.round(this.parts.now() - this.#startedMs);
      this.parts.logger.info("Serving {model} alone", {
        event: "serving",
        model: name,
        mode: "solo",
        loadMs,
      });
    }
    if (state.kind === "failed") {
      this.#announced = false;
      const failure = failureOf("llama-server", this.#server);
      this.parts.logger.warn("{failure} while it served {model}", { model: name, failure });
    }
  }
}
