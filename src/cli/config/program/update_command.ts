/** `update`. */

import { type Command, Option } from "commander";
import { parser } from "../serve_options.ts";
import { parseNotEmpty } from "../values.ts";
import type { DataOptions } from "../cli_context.ts";
import type { Actions, UpdateOptions } from "./actions.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addUpdateCommand(program: Command, actions: Actions): void {
  addDataOptions(program.command("update"))
    .description("install the latest release of mesh-llm")
    .option("--check", "only look whether there is a newer one")
    .addOption(
      new Option("--rollback", "go back to the executable before the last update")
        .conflicts(["check", "to", "from"]),
    )
    .option(
      "--to <version>",
      "take this version, also an older one",
      parser("--to", parseNotEmpty),
    )
    .option(
      "--from <place>",
      "look in this folder, or on this server",
      parser("--from", parseNotEmpty),
    )
    .addOption(
      new Option("--no-restart", "leave a service with the version that it runs")
        .conflicts("check"),
    )
    .addHelpText("after", UPDATE_EXAMPLES)
    .action((options: DataOptions & UpdateOptions) =>
      actions.update({ ...dataDirOf(program), ...options })
    );
}

const UPDATE_EXAMPLES = `
Examples:
  mesh-llm update --check     says what there is, and changes nothing
  mesh-llm update             the former executable is kept
  mesh-llm update --rollback  back to it

Only a release with mesh-llm's signature is taken, wherever it comes from.
Nothing looks for releases but this command, and a node with --weekly-look. A
service of this executable is started anew once its answers have ended. A node
that was started by hand goes on with its version.`;
