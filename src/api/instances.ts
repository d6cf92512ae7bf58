import type { Logger } from "@logtape/logtape";
import { candidates, chooseModel, warmNames } from "./choose.ts";
import { matchName } from "./model_name.ts";
import { RefusedError } from "./openai_errors.ts";
import type { Routing } from "./routing.ts";
import type { ForwardRequest, GatewayInstance, GatewayNode } from "./types.ts";

/** The instances to ask, in turn; what the mesh says anew is looked at once those known are used up. */
export async function* instancesFor(
  node: GatewayNode,
  routing: Routing,
  request: ForwardRequest,
  logger: Logger,
): AsyncGenerator<GatewayInstance> {
  const asked = new Set<string>();
  // Without a conversation there is no cache to find again: any instance is as good.
  const key = routing.conversation || request.requestId;
  for (let refreshed = false;; refreshed = true) {
    const model = chooseModel(routing.model, node.ownModel, node.warm());
    const serving = node.warm().filter((instance) => instance.model === model);
    for (const instance of candidates(serving, key)) {
      if (asked.has(instance.host)) continue;
      asked.add(instance.host);
      yield instance;
    }
    if (refreshed) return;
    await refresh(node, request.signal, logger);
  }
}

/** A table that can't be fetched leaves the gateway with what it knows. */
export async function refresh(
  node: GatewayNode,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  try {
    await node.refresh(signal);
  } catch (error) {
    signal.throwIfAborted();
    logger.warn("Could not refresh what the mesh serves: {error}", { error });
  }
}

/** What a caller is told once no instance is left to ask. */
export function nobodyAnswers(
  node: GatewayNode,
  model: string | null,
  failed?: GatewayInstance,
): RefusedError {
  if (failed !== undefined) return new RefusedError({ kind: "unreachable", model: failed.model });
  if (!node.knowsMesh && model !== null) return new RefusedError({ kind: "unreachable", model });
  if (model === null || model === node.ownModel) {
    return new RefusedError({ kind: "not-warm", model });
  }
  const warm = warmNames(node.warm());
  const match = matchName(model, warm);
  if (match.kind === "several") {
    return new RefusedError({ kind: "ambiguous-model", model, names: match.names });
  }
  return new RefusedError({ kind: "unknown-model", model, warm });
}
