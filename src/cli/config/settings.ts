/** Every setting of a node with its value and where that comes from: `mesh-llm config show`. Pure. */

import type { Command } from "commander";
import type { Setting } from "../../api/mod.ts";
import type { ServeConfig } from "./command.ts";
import { FROM_FILE } from "./config_file.ts";
import { durationText } from "./values.ts";

/** The flags' attributes, with what the node makes of each. */
const VALUES: Readonly<Record<string, (config: ServeConfig) => unknown>> = {
  model: ({ models }) => models,
  split: ({ split }) => split,
  tensorSplit: ({ tensorSplit }) => tensorSplit,
  maxVram: ({ maxVramBytes }) => maxVramBytes === null ? null : maxVramBytes / 1e9,
  ctx: ({ contextLength }) => contextLength,
  draft: ({ draft }) => draft,
  idleUnload: ({ idleUnloadMs }) => idleUnloadMs === null ? null : durationText(idleUnloadMs),
  join: ({ join }) => hide(join),
  client: ({ client }) => client,
  name: ({ name }) => name,
  port: ({ port }) => port,
  consolePort: ({ consolePort }) => consolePort,
  console: ({ console }) => !console,
  bindPort: ({ bindPort }) => bindPort,
  listen: ({ listen }) => listen,
  consoleListen: ({ consoleListen }) => consoleListen,
  hostName: ({ hostNames }) => hostNames,
  apiKey: ({ apiKey }) => hide(apiKey),
  apiKeyFile: ({ apiKeyFile }) => apiKeyFile,
  insecure: ({ insecure }) => insecure,
  recordPrompts: ({ recordPrompts }) => recordPrompts,
  binDir: ({ binDir }) => binDir,
  modelsDir: ({ modelsDir }) => modelsDir,
  logFormat: ({ logFormat }) => logFormat,
};

/** @param commands the command itself, then those whose options it takes over. */
export function settingsOf(config: ServeConfig, commands: readonly Command[]): readonly Setting[] {
  const options = commands.flatMap((command) => command.options);
  return Object.entries(VALUES).map(([attribute, valueOf]) => {
    const option = options.find((one) => one.attributeName() === attribute);
    const name = option?.long?.slice(2) ?? attribute;
    return { name, value: valueOf(config), from: originOf(attribute, commands) };
  });
}

function originOf(attribute: string, commands: readonly Command[]): Setting["from"] {
  const sources = commands.map((command) => command.getOptionValueSource(attribute));
  if (sources.includes("cli")) return "flag";
  if (sources.includes("env")) return "environment";
  return sources.includes(FROM_FILE) ? "file" : "default";
}

function hide(secret: string | null): string | null {
  return secret === null ? null : "(set)";
}
