/** `key make`, `key list`, `key remove`. */

import type { Command } from "commander";
import { parser } from "../serve_options.ts";
import { parseNotEmpty } from "../values.ts";
import type { Actions, KeyOptions } from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addKeyCommands(program: Command, actions: Actions): void {
  const key = program.command("key").description("make, list or remove keys of the API")
    .helpCommand(false);
  const model = parser("--model", parseNotEmpty);
  addDataOptions(key.command("make <name>"))
    .description("print a new key, for the program or person of this name")
    .addHelpText("after", MAKE_EXAMPLES)
    .option(
      "--model <name>",
      "model that it is for; may repeat (default: all)",
      (text: string, before: readonly string[] = []) => [...before, model(text) as string],
    )
    .action((name: string, options: DataOptions & KeyOptions) => {
      actions.keyMake(name, { ...dataDirOf(program), ...options });
    });
  addDataOptions(key.command("list"))
    .description("print the names of all keys")
    .addHelpText("after", LIST_EXAMPLES)
    .action((options: DataOptions) => actions.keyList({ ...dataDirOf(program), ...options }));
  addDataOptions(key.command("remove <name>"))
    .description("refuse those who use this key from now on")
    .addHelpText("after", REMOVE_EXAMPLES)
    .action((name: string, options: DataOptions) => {
      actions.keyRemove(name, { ...dataDirOf(program), ...options });
    });
}

const MAKE_EXAMPLES = `
The API asks every caller for a key once there is one.

Examples:
  mesh-llm key make laptop            for all models
  mesh-llm key make bob --model qwen3 for one of them`;

const LIST_EXAMPLES = `
Examples:
  mesh-llm key list`;

const REMOVE_EXAMPLES = `
Examples:
  mesh-llm key remove laptop`;
