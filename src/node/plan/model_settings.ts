/** The settings of one model, as they hold for this node: the flags, with what was said of the model itself over them. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import type {
  ModelOverrides,
  ModelSettings,
  NamedForSettings,
  SettingsOf,
} from "../../base/model_settings.ts";
import type { ServingConfig } from "./config.ts";

export type {
  ModelOverrides,
  ModelSettings,
  NamedForSettings,
  OverridesByModel,
  SettingsOf,
} from "../../base/model_settings.ts";

export type CommonSettings = Pick<
  ServingConfig,
  "contextLength" | "slots" | "draft" | "idleUnloadMs" | "perModel"
>;

/** The settings of a model of which nothing was said by its name. */
export function commonSettings(
  { contextLength, slots, draft, idleUnloadMs }: Omit<CommonSettings, "perModel">,
): ModelSettings {
  return {
    contextLength,
    slots,
    aliases: [],
    draft,
    idleUnloadMs,
    pin: false,
    device: null,
    args: [],
  };
}

export function settingsLookup(serving: CommonSettings): SettingsOf {
  const common = commonSettings(serving);
  const said = Object.entries(serving.perModel);
  if (said.length === 0) return () => common;
  return (model) => ({ ...common, ...overridesFor(model, said) });
}

/** The settings of an id win over those of its name. */
function overridesFor(
  { name, fingerprint }: NamedForSettings,
  said: readonly (readonly [string, ModelOverrides])[],
): ModelOverrides {
  const [byName, byId] = [{}, {}];
  for (const [asked, overrides] of said) {
    if (asked === name) Object.assign(byName, overrides);
    else if (fingerprint && isNamed(asked, { name, fingerprint })) Object.assign(byId, overrides);
  }
  return { ...byName, ...byId };
}
