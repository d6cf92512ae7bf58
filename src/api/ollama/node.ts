import type { Hono } from "hono";
import type { GatewayNode, ModelActions } from "../base/types.ts";
import type { ApiEnv } from "../keys/api_env.ts";

/** The part of the node that is needed beside the gateway. */
export interface OllamaNode extends Pick<GatewayNode, "meaning" | "warm"> {
  readonly modelActions: Pick<ModelActions, "catalog">;
}

export interface OllamaParts {
  readonly gateway: Hono<ApiEnv>;
  readonly node: OllamaNode;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
