import type { Announcement } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";
import { instanceOf } from "./view.ts";

export type WorkerPlan = Extract<Plan, { kind: "worker" }>;

/** llama.cpp's fork, whose rpc-servers send tensors to each other (docs/protocols.md); a stock one never calls anybody. */
const CALLING_PROTOCOL = /^3\./;

/**
 * The workers of a split that this node works in, which may reach its rpc-server of that split and it theirs: as the
 * host of its term names them. Nobody, unless the rpc-servers call each other. Pure.
 */
export function peerWorkersOf(
  plan: WorkerPlan,
  members: readonly Pick<Announcement, "peer" | "instances">[],
  rpcProtocol: string,
): readonly string[] {
  if (!CALLING_PROTOCOL.test(rpcProtocol)) return [];
  const host = members.find(({ peer }) => peer === plan.host);
  const instance = host && instanceOf(host, plan.model);
  if (instance?.term !== plan.term) return [];
  return instance.workers.map(({ peer }) => peer);
}
