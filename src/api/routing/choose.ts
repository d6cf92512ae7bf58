import { createHash } from "node:crypto";
import type { GatewayInstance } from "../base/types.ts";

/** The id of the model that answers a request which names none: the node's own, else any. */
export function anyModel(
  own: string | null,
  warm: readonly GatewayInstance[],
): string | undefined {
  const ids = warmIds(warm);
  return ids.find((id) => id === own) ?? ids[0];
}

/** The id of every warm model once, in a fixed order. */
export function warmIds(warm: readonly GatewayInstance[]): readonly string[] {
  return [...new Set(warm.map(({ id }) => id))].sort();
}

/**
 * The instances in the order in which a conversation tries them (rendezvous hashing). Every gateway
 * that knows the same instances finds the same order, and an instance that comes or goes moves only
 * the conversations that it takes or had.
 */
export function rendezvousOrder(
  instances: readonly GatewayInstance[],
  conversation: string,
): readonly GatewayInstance[] {
  // The usual case, and two hashes are a tenth of what a request costs here.
  if (instances.length < 2) return instances;
  const start = createHash("sha256").update(conversation).digest();
  return instances
    .map((instance) => ({ instance, score: scoreOf(instance, start) }))
    .sort((a, b) => b.score - a.score || (a.instance.host < b.instance.host ? -1 : 1))
    .map(({ instance }) => instance);
}

function scoreOf({ host, model }: GatewayInstance, start: Uint8Array): number {
  const hash = createHash("sha256").update(start).update(JSON.stringify([host, model]));
  // 48 bits: the most that a number holds exactly and Buffer reads.
  return hash.digest().readUIntBE(0, 6);
}
