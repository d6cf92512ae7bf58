import type { Announcement } from "../../mesh/mod.ts";
import type { Plan } from "./plan.ts";

/** llama.cpp's fork, whose rpc-servers send tensors to each other (docs/protocols.md); a stock one never calls anybody. */
const CALLING_PROTOCOL = /^3\./;

/**
 * The workers of the split that this node works in, which may reach its rpc-server and it theirs: as
 * the host of its term names them. Nobody, unless the rpc-servers call each other. Pure.
 */
export function peerWorkersOf(
  plan: Plan,
  members: readonly Pick<Announcement, "peer" | "instance">[],
  rpcProtocol: string,
): readonly string[] {
  if (plan.kind !== "worker" || !CALLING_PROTOCOL.test(rpcProtocol)) return [];
  const instance = members.find(({ peer }) => peer === plan.host)?.instance;
  if (instance?.term !== plan.term) return [];
  return instance.workers.map(({ peer }) => peer);
}
