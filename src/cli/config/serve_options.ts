/** The options of a node, for the bare command and for `console`. Each is defined in `options/`, and only there. */

import type { Command } from "commander";
import { FOLDER_OPTIONS, OUTPUT_OPTIONS } from "./options/file_options.ts";
import { MESH_OPTIONS } from "./options/mesh_options.ts";
import { MODEL_OPTIONS } from "./options/model_options.ts";
import { NETWORK_OPTIONS, NO_CONSOLE, PORT_OPTIONS } from "./options/network_options.ts";
import { addOptions, type NodeOption } from "./options/node_option.ts";
import { parseNotEmpty } from "./values.ts";
import type { OverridesByModel } from "../../base/model_settings.ts";

const NETWORK = "Network:";
const FILES = "Files and output:";

/** By the attribute that commander gives them, in the order of `config show`. */
const NODE_OPTIONS = {
  ...MODEL_OPTIONS,
  ...MESH_OPTIONS,
  ...PORT_OPTIONS,
  ...NO_CONSOLE,
  ...NETWORK_OPTIONS,
  ...FOLDER_OPTIONS,
  ...OUTPUT_OPTIONS,
};

type ValueOf<Defined> = Defined extends NodeOption<infer Value> ? Value : never;

/** The options that are set, by flags, variables and the file. */
export type ServeOptions =
  & { readonly [Name in keyof typeof NODE_OPTIONS]?: ValueOf<typeof NODE_OPTIONS[Name]> }
  & { readonly dataDir?: string; readonly perModel?: OverridesByModel };

export type NodeOptionName = keyof typeof NODE_OPTIONS;

/** All of them, by their attributes. */
export function nodeOptions(): [NodeOptionName, NodeOption<never>][] {
  return Object.entries(NODE_OPTIONS) as [NodeOptionName, NodeOption<never>][];
}

export function nodeOption(attribute: string): NodeOption<never> | undefined {
  return nodeOptions().find(([name]) => name === attribute)?.[1];
}

export function addServeOptions(command: Command): void {
  addOptions(command, "Models and memory:", MODEL_OPTIONS);
  addOptions(command, "Mesh:", MESH_OPTIONS);
  addOptions(command, NETWORK, { ...PORT_OPTIONS, ...NETWORK_OPTIONS });
  addOptions(command, FILES, FOLDER_OPTIONS);
  command.optionsGroup(FILES);
  addDataDirOption(command);
  command.optionsGroup("Options:");
  addOptions(command, FILES, OUTPUT_OPTIONS);
}

/** Not for `console`, which opens the page. */
export function addNoConsole(command: Command): void {
  addOptions(command, NETWORK, NO_CONSOLE);
}

export function addDataDirOption(command: Command): Command {
  return command.option(
    "--data-dir <dir>",
    "folder of this node's own files (default: MESH_LLM_HOME or ~/.mesh-llm)",
    parser("--data-dir", parseNotEmpty),
  );
}

/** Commander passes the text only; the messages need the option's name too. */
export function parser<T>(
  option: string,
  parse: (option: string, text: string) => T,
): (text: string) => T {
  return (text) => parse(option, text);
}
