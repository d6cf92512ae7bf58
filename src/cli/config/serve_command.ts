import type { NodeConfig } from "../../node/config.ts";

/** `mesh-llm`, `mesh-llm console` and `mesh-llm --client`. */
export interface ServeConfig extends NodeConfig {
  readonly kind: "serve";
  /** The API may listen beyond this machine without a key. */
  readonly insecure: boolean;
  /** A newer release is looked for once a week. */
  readonly weeklyLook: boolean;
  readonly logFormat: "pretty" | "json";
  /** Sentences for the user who started it. */
  readonly warnings: readonly string[];
}
