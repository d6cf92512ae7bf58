import type { Logger } from "@logtape/logtape";
import type { StartMeshOptions } from "../mesh/mod.ts";
import type { NodeConfig } from "./config.ts";
import { modelsOf } from "./read_models.ts";

export interface MeshNeeds {
  /** Its user has chosen a model here, in this run or before. */
  readonly hasChoice: boolean;
  readonly version: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** The configuration, as far as the mesh needs it. */
export function meshOptions(
  config: NodeConfig,
  { hasChoice, ...needs }: MeshNeeds,
): StartMeshOptions {
  const { dataDir, name, client } = config;
  return {
    ...needs,
    config: config.mesh,
    dataDir,
    name,
    role: client ? "client" : "member",
    // A node that has no model to serve asks first whether the mesh has room for one more.
    passive: modelsOf(config).length === 0 && !hasChoice,
  };
}
