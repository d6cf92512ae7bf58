import type { Logger } from "@logtape/logtape";
import { reasonOf } from "../base/as_error.ts";
import { isSameContent, type ModelContent } from "../base/model_ids.ts";
import type { Mesh, PeerId } from "../mesh/mod.ts";
import type { Active } from "./active.ts";
import type { LocalParts } from "./create_active.ts";
import type { ModelManager } from "./models/model_manager.ts";
import { type InstanceMachines, NO_SETTINGS, SettingsManager } from "./models/settings_manager.ts";
import type { ServingConfig } from "./plan/config.ts";
import { settingsLookup } from "./plan/model_settings.ts";
import type { NodeApiOptions } from "./report/node_api.ts";

export interface SettingsPartsOptions {
  readonly serving: ServingConfig;
  /** `null` for a client, as is `active`. */
  readonly local:
    | Pick<LocalParts, "keptSettings" | "saidSettingsOf" | "engine" | "inventory">
    | null;
  readonly active: Pick<Active, "settingsChanged" | "pin"> | null;
  readonly manager: Pick<ModelManager, "catalog" | "fitWith">;
  readonly mesh: Pick<Mesh, "self" | "routes">;
  readonly logger: Logger;
}

/** The settings of single models, as the API of the node shows and changes them. */
export function settingsParts(
  { serving, local, active, manager, mesh, logger }: SettingsPartsOptions,
): Pick<NodeApiOptions, "modelSettings" | "settingsRevision"> {
  if (local === null || active === null) return { modelSettings: NO_SETTINGS };
  const { keptSettings: kept, saidSettingsOf: settingsOf, engine, inventory } = local;
  const modelSettings = new SettingsManager({
    kept,
    configured: settingsLookup(serving),
    settingsOf,
    engine,
    onDisk: () => inventory.models,
    elsewhere: () => manager.catalog().map(({ id }) => id),
    fitWith: (model, settings) => manager.fitWith(model, settings),
    instances: (model) => instancesOf(model, mesh),
    changed: () => active.settingsChanged(),
    pin: (id, isPinned) => {
      active.pin(id, isPinned).catch((error) =>
        logger.warn("{model} was pinned, and is not served: {reason}", {
          model: id,
          reason: reasonOf(error),
        })
      );
    },
  });
  return { modelSettings, settingsRevision: (model) => kept.revisionOf(model) };
}

/** One that waits for memory has nothing loaded. */
function instancesOf(
  model: ModelContent,
  mesh: SettingsPartsOptions["mesh"],
): InstanceMachines[] {
  const { instances, nodes } = mesh.routes();
  const nameOf = (peer: PeerId) => nodes.find((node) => node.peer === peer)?.machine.name ?? peer;
  return instances
    .filter((one) => isSameContent(one.model, model) && one.state !== "waiting")
    .map(({ host, workers }) => ({
      isOwn: host === mesh.self,
      machines: [host, ...workers.map(({ peer }) => peer)].map(nameOf),
    }));
}
