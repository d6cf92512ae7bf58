/** The settings of one model, as they hold for this node: the flags, with what was said of the model itself over them. Pure. */

import { isNamed } from "../../base/model_ids.ts";
import type {
  ModelOverrides,
  ModelSettings,
  NamedForSettings,
  OverridesByModel,
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

/** @param changed what was said while the node runs, over what it was started with. @default nothing */
export function settingsLookup(
  serving: CommonSettings,
  changed: () => OverridesByModel = () => ({}),
): SettingsOf {
  const common = commonSettings(serving);
  return (model) => ({
    ...common,
    ...overridesFor(model, serving.perModel),
    ...overridesFor(model, changed()),
  });
}

/** A llama-server that was started with the one is as good as one that is started with the other. */
export function runsAlike(a: ModelSettings, b: ModelSettings): boolean {
  const startedWith = ({ contextLength, slots, draft, device, args }: ModelSettings) =>
    JSON.stringify([contextLength, slots, draft, device, args]);
  return startedWith(a) === startedWith(b);
}

/** The settings of an id win over those of its name. */
function overridesFor(
  { name, fingerprint }: NamedForSettings,
  said: OverridesByModel,
): ModelOverrides {
  const [byName, byId] = [{}, {}];
  for (const [asked, overrides] of Object.entries(said)) {
    if (asked === name) Object.assign(byName, overrides);
    else if (fingerprint && isNamed(asked, { name, fingerprint })) Object.assign(byId, overrides);
  }
  return { ...byName, ...byId };
}
