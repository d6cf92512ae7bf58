import type { AskedContexts } from "./plan/asked_contexts.ts";
import type { Logger } from "@logtape/logtape";
import type { Engine, OfferedMemory, Supervisor } from "../engine/mod.ts";
import type { Machine, Mesh } from "../mesh/mod.ts";
import type { LocalModel, ModelInventory, WeightLibrary } from "../models/mod.ts";
import type { TunnelCounts } from "../tunnel/mod.ts";
import type { DraftChoice } from "./plan/companions.ts";
import type { ServingConfig } from "./plan/config.ts";
import type { SettingsOf } from "./plan/model_settings.ts";
import type { KeptChoices } from "./data/kept_choices.ts";
import type { ModelManager } from "./models/model_manager.ts";
import type { StandbyLimits } from "./standby/standby_keeper.ts";

/** The parts of a node that offers memory. */
export interface ActiveOptions {
  readonly mesh: Mesh;
  readonly engine: Engine;
  readonly supervisor: Supervisor;
  readonly memory: OfferedMemory;
  /** The models on this machine's disk; others may come while it runs. */
  readonly inventory: ModelInventory;
  /** The models that the command line names, in its order, as far as they are on this disk. */
  readonly pinned: readonly LocalModel[];
  /** The choices that its user made while it ran, in this run and before. */
  readonly kept: KeptChoices;
  /** The models that its user chose so and that are on this disk, the latest first. */
  readonly chosen: readonly LocalModel[];
  readonly settingsOf: SettingsOf;
  /** The same without what requests have asked for. */
  readonly saidSettingsOf: SettingsOf;
  /** Contexts that requests have asked for. */
  readonly askedContexts: AskedContexts;
  readonly draftOf: (model: LocalModel) => DraftChoice;
  readonly wanted: readonly string[];
  readonly serving: ServingConfig;
  readonly machine: Machine;
  readonly counts: TunnelCounts;
  /** Fetches what the mesh lacks. */
  readonly manager: Pick<ModelManager, "fetch" | "roomBytes" | "isDownloading">;
  /** The weights that need not cross the network when a split loads. */
  readonly weights: WeightLibrary;
  /** The node has peers to hear of before it plans. */
  readonly joining: boolean;
  /** Tests have small meshes and no time. */
  readonly standby?: StandbyLimits;
  readonly logger: Logger;
  /** Status may have changed. */
  readonly changed: () => void;
}
