import type { ModelRef, PeerId, WorkerShare } from "../../mesh/mod.ts";
import { modelKey } from "./view.ts";

/** The work that this node should do. */
export type Plan =
  | { readonly kind: "standby" }
  | { readonly kind: "solo"; readonly model: ModelRef; readonly needBytes: number }
  | {
    readonly kind: "host";
    readonly model: ModelRef;
    readonly hostShare: number;
    readonly workers: readonly WorkerShare[];
    readonly needBytes: number;
    readonly haveBytes: number;
  }
  /** The elected host has assigned this node a share. */
  | {
    readonly kind: "worker";
    readonly model: ModelRef;
    readonly host: PeerId;
    readonly term: number;
  }
  /** A model of the catalog that nobody has, and that fits here. */
  | { readonly kind: "download"; readonly name: string }
  /** Part of a split whose host has not assigned it anything. */
  | { readonly kind: "follow"; readonly model: ModelRef; readonly host: PeerId }
  | {
    readonly kind: "waiting";
    readonly model: ModelRef;
    readonly needBytes: number;
    readonly haveBytes: number;
  };

/** The name of the model that a plan is about. */
export function modelNameOf(plan: Plan): string | null {
  if (plan.kind === "standby") return null;
  return plan.kind === "download" ? plan.name : plan.model.name;
}

/** The same by its id, which tells it from another of the name. */
export function idIn(plan: Plan, idOf: (model: ModelRef) => string): string | null {
  return "model" in plan ? idOf(plan.model) : modelNameOf(plan);
}

/** The model that a plan is about; one that is still to be downloaded has no fingerprint. */
export function modelOf(plan: Plan): ModelRef | null {
  if (plan.kind === "standby") return null;
  return plan.kind === "download" ? { name: plan.name, fingerprint: "" } : plan.model;
}

/** A node does one thing for each model: plans with the same key follow one another. */
export function workKey(plan: Plan): string {
  const model = modelOf(plan);
  return model === null ? "" : modelKey(model);
}

/** A worker starts its rpc-server anew for each term of its host; that is no other work. */
export function isSameWork(a: Plan, b: Plan): boolean {
  if (a.kind !== "worker" || b.kind !== "worker") return planKey(a) === planKey(b);
  return planKey({ ...a, term: 0 }) === planKey({ ...b, term: 0 });
}

/** Two plans with the same key want the same processes with the same arguments. */
export function planKey(plan: Plan): string {
  switch (plan.kind) {
    case "standby":
      return "standby";
    case "solo":
      return JSON.stringify(["solo", plan.model]);
    case "host":
      return JSON.stringify(["host", plan.model, plan.hostShare, plan.workers]);
    case "worker":
      return JSON.stringify(["worker", plan.model, plan.host, plan.term]);
    case "download":
      return JSON.stringify(["download", plan.name]);
    case "follow":
      return JSON.stringify(["follow", plan.model, plan.host]);
    case "waiting":
      return JSON.stringify(["waiting", plan.model, plan.needBytes, plan.haveBytes]);
  }
}
