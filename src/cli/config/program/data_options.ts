/** Options of the commands that ask or manage a node. */

import type { Command } from "commander";
import { addDataDirOption, parser } from "../serve_options.ts";
import { parseNotEmpty } from "../values.ts";
import type { DataOptions } from "../cli_context.ts";

export function addDataOptions(command: Command): Command {
  return addDataDirOption(command).option("--json", "print JSON");
}

export function addModelsDir(command: Command): Command {
  return command.option(
    "--models-dir <dir>",
    "look for models here",
    parser("--models-dir", parseNotEmpty),
  );
}

/** `mesh-llm --data-dir X token`: the one option of the bare command that means the same everywhere. */
export function dataDirOf(program: Command): DataOptions {
  const { dataDir } = program.opts<DataOptions>();
  return dataDir === undefined ? {} : { dataDir };
}
