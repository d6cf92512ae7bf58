import type { Hono } from "hono";
import type { GatewayNode } from "../base/types.ts";
import type { ApiEnv } from "../keys/api_env.ts";
import type { PullNode } from "./puller.ts";

/** The part of the node that is needed beside the gateway. */
export type OllamaNode = Pick<GatewayNode, "meaning" | "warm"> & PullNode;

export interface OllamaParts {
  readonly gateway: Hono<ApiEnv>;
  readonly node: OllamaNode;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
