import { Command } from "commander";
import { applyConfigFile, configurable } from "../config/config_file.ts";
import { absolute, type CliContext, configPath } from "../config/cli_context.ts";
import { FOLDER_OPTIONS } from "../config/options/file_options.ts";
import { addOptions } from "../config/options/node_option.ts";
import type { Actions } from "../config/program/actions.ts";
import { createCommands } from "../config/program/program.ts";

export interface OwnFolders {
  readonly modelsDir: string | null;
  readonly binDir: string | null;
}

/**
 * The folders that a node of this data directory would start with, by its config.toml: a command that does without a node
 * looks where that looks. @throws {ConfigFileError} as its start does
 */
export function ownFolders(dataDir: string, around: CliContext): OwnFolders {
  const { home, readConfig } = around.facts;
  const path = configPath({ dataDir }, around);
  const found = path === null ? undefined : readConfig(path);
  if (path === null || found === undefined) return { modelsDir: null, binDir: null };
  const command = new Command();
  addOptions(command, "", FOLDER_OPTIONS);
  const known = configurable(createCommands({} as Actions, { write: () => {}, prepare: () => {} }));
  applyConfigFile(command, { path, ...found }, { known, isTaken: () => false, home });
  const { modelsDir, binDir } = command.opts<{ modelsDir?: string; binDir?: string }>();
  return { modelsDir: absolute(modelsDir, around), binDir: absolute(binDir, around) };
}
