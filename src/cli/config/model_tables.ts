/** `[model."NAME"]` in `config.toml`: the settings of single models. Pure. */

import { isModelName } from "../../base/model_name.ts";
import type { OverridesByModel } from "../../base/model_settings.ts";
import { readSettings, SETTING_NAMES } from "../../base/settings_fields.ts";
import { closestName } from "../base/closest_name.ts";
import { absolute, type CliContext } from "./cli_context.ts";
import { ConfigFileError } from "./config_file_error.ts";

export type Table = Readonly<Record<string, unknown>>;

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** @throws {ConfigFileError} with the path, the model, the key and the rule. */
export function readModelTables(path: string, tables: Table): OverridesByModel {
  return Object.fromEntries(
    Object.entries(tables).map(([name, table]) => {
      const where = `${path}: [model.${JSON.stringify(name)}]`;
      if (!isModelName(name)) throw new ConfigFileError(`${where}: this can't be a model's name`);
      if (!isTable(table)) {
        throw new ConfigFileError(`${where} must be a table, such as [model."${name}"] ctx = 8192`);
      }
      return [name, readTable(where, table)];
    }),
  );
}

function readTable(where: string, table: Table): OverridesByModel[string] {
  const read = readSettings(table, "file");
  if (read.kind === "settings") return read.settings;
  const { key } = read;
  if (read.kind === "wrong") throw new ConfigFileError(`${where}: ${key} ${read.reason}`);
  const meant = closestName(key, SETTING_NAMES);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  throw new ConfigFileError(
    `${where}: there is no setting ${JSON.stringify(key)}${hint}; ` +
      `the settings of a model are ${SETTING_NAMES.join(", ")}`,
  );
}

/** Paths of drafts as everywhere; a word that is no path is the name of a model. */
export function withPaths(tables: OverridesByModel, around: CliContext): OverridesByModel {
  return Object.fromEntries(
    Object.entries(tables).map(([name, { draft, ...others }]) => [
      name,
      draft === undefined
        ? others
        : { ...others, draft: draft && draft.endsWith(".gguf") ? absolute(draft, around) : draft },
    ]),
  );
}
