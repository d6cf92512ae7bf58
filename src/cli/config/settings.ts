/** Every setting of a node with its value and where that comes from: `mesh-llm config show`. Pure. */

import type { Command } from "commander";
import type { Setting } from "../../api/mod.ts";
import { modelSettingName, writtenSettings } from "../../base/settings_fields.ts";
import type { ServeConfig } from "./serve_command.ts";
import { FROM_FILE } from "./config_file.ts";
import { nodeOptions } from "./serve_options.ts";

/** @param commands the command itself, then those whose options it takes over. */
export function settingsOf(config: ServeConfig, commands: readonly Command[]): readonly Setting[] {
  const options = commands.flatMap((command) => command.options);
  const common = nodeOptions().flatMap(([attribute, { shows }]) => {
    if (shows === undefined) return [];
    const option = options.find((one) => one.attributeName() === attribute);
    const name = option?.long?.slice(2) ?? attribute;
    return [{ name, value: shows(config), from: originOf(attribute, commands) }];
  });
  return [...common, ...settingsOfModels(config)];
}

/** Only the file says them. */
function settingsOfModels({ serving }: ServeConfig): Setting[] {
  return Object.entries(serving.perModel).flatMap(([model, overrides]) =>
    Object.entries(writtenSettings(overrides)).map(([key, value]) => ({
      name: modelSettingName(model, key),
      value,
      from: "file" as const,
    }))
  );
}

function originOf(attribute: string, commands: readonly Command[]): Setting["from"] {
  const sources = commands.map((command) => command.getOptionValueSource(attribute));
  if (sources.includes("cli")) return "flag";
  if (sources.includes("env")) return "environment";
  return sources.includes(FROM_FILE) ? "file" : "default";
}
