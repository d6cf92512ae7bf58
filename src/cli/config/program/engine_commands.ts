/** `engine install`, `engine show`. */

import { type Command, Option } from "commander";
import { parser } from "../serve_options.ts";
import { parseNotEmpty } from "../values.ts";
import type { Actions, EngineOptions } from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addEngineCommands(program: Command, actions: Actions): void {
  const engine = program.command("engine").description("install or show llama.cpp on this machine")
    .helpCommand(false);
  addDataOptions(engine.command("install"))
    .description("download llama.cpp into the data directory")
    .addHelpText("after", INSTALL_EXAMPLES)
    .addOption(
      new Option("--from <source>", "source (default: the release, then Debian)").choices([
        "release",
        "debian",
      ]),
    )
    .addOption(
      new Option("--backend <backend>", "what it computes with; the best that works unless said")
        .choices(["auto", "cuda", "rocm", "vulkan", "cpu"]),
    )
    .addOption(
      new Option("--like <peer>", "the same build as this machine of the mesh has")
        .argParser(parser("--like", parseNotEmpty)).conflicts("from"),
    )
    .action((options: DataOptions & EngineOptions) => {
      actions.engineInstall({ ...dataDirOf(program), ...options });
    });
  addDataOptions(engine.command("show"))
    .description("print its paths, build, RPC protocol and devices")
    .addHelpText("after", SHOW_EXAMPLES)
    .option("--bin-dir <dir>", "look in this folder only", parser("--bin-dir", parseNotEmpty))
    .action((options: DataOptions & EngineOptions) => {
      actions.engineShow({ ...dataDirOf(program), ...options });
    });
}

const INSTALL_EXAMPLES = `
Examples:
  mesh-llm engine install                   the best build that works here
  mesh-llm engine install --backend vulkan  31 MB in place of CUDA's 590
  mesh-llm engine install --like ann        so that both share models again
  mesh-llm engine install --from debian     Debian's signed packages; no root`;

const SHOW_EXAMPLES = `
Examples:
  mesh-llm engine show                    the llama.cpp that a node would use
  mesh-llm engine show --bin-dir ~/llama  the llama.cpp in that folder`;
