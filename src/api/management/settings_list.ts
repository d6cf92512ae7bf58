import { modelSettingName } from "../../base/settings_fields.ts";
import type { ChangedSettings, Setting } from "../base/types.ts";

/** The settings of a node, with those of models that were changed while one ran, which hold in the place of others. */
export function settingsNow(
  started: readonly Setting[],
  changed: ChangedSettings,
): readonly Setting[] {
  const later = Object.entries(changed).flatMap(([model, settings]) =>
    Object.entries(settings).map(([key, value]): Setting => ({
      name: modelSettingName(model, key),
      value,
      from: "changed",
    }))
  );
  const names = new Set(later.map(({ name }) => name));
  return [...started.filter(({ name }) => !names.has(name)), ...later];
}
