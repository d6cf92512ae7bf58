/** The configuration of a node: a part for each room, which travels whole. The door to it loads nothing but numbers. */

import { API_DEFAULTS, type ApiConfig } from "../api/config.ts";
import { ENGINE_DEFAULTS, type EngineConfig } from "../engine/config.ts";
import { MESH_DEFAULTS, type MeshConfig } from "../mesh/config.ts";
import { MODELS_DEFAULTS, type ModelsConfig } from "../models/config.ts";
import { SERVING_DEFAULTS, type ServingConfig } from "./plan/config.ts";

export { CLOCK_TOLERANCE_MS, LOW_DISK_BYTES } from "./plan/defaults.ts";

/** A new option is a field of its room's part, with its default there: docs/first-change.md. */
export interface ConfigParts {
  readonly serving: ServingConfig;
  readonly mesh: MeshConfig;
  readonly api: ApiConfig;
  readonly engine: EngineConfig;
  readonly models: ModelsConfig;
}

/** The configuration of a node; src/cli makes it of argv, environment and file. */
export interface NodeConfig extends ConfigParts {
  /** Passive: no llama.cpp, no model. */
  readonly client: boolean;
  /** `mesh-llm console`: the guide is served where no model is named. */
  readonly openBrowser: boolean;
  /** Absolute. */
  readonly dataDir: string;
  readonly name: string;
}

/** The configuration of a node of which nothing was said. */
export const NODE_DEFAULTS: Omit<NodeConfig, "dataDir" | "name"> = {
  client: false,
  openBrowser: false,
  serving: SERVING_DEFAULTS,
  mesh: MESH_DEFAULTS,
  api: API_DEFAULTS,
  engine: ENGINE_DEFAULTS,
  models: MODELS_DEFAULTS,
};

/** Some fields of a configuration, each in its part. */
export type Changes<Config extends NodeConfig = NodeConfig> =
  & Partial<Omit<Config, keyof ConfigParts>>
  & { readonly [Part in keyof ConfigParts]?: Partial<ConfigParts[Part]> };

export function withChanges<Config extends NodeConfig>(
  config: Config,
  changes: Changes<Config>,
): Config {
  const { serving, mesh, api, engine, models } = config;
  return {
    ...config,
    ...changes,
    serving: { ...serving, ...changes.serving },
    mesh: { ...mesh, ...changes.mesh },
    api: { ...api, ...changes.api },
    engine: { ...engine, ...changes.engine },
    models: { ...models, ...changes.models },
  };
}
