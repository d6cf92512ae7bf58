/** `service`: the node, kept running by the system. */

import type { Command } from "commander";
import type { DataOptions } from "../cli_context.ts";
import { addDataDirOption, parser } from "../serve_options.ts";
import { parseNotEmpty } from "../values.ts";
import type { Actions, LogsOptions, ServiceInstallOptions, ServiceOptions } from "./actions.ts";
import { dataDirOf } from "./data_options.ts";

export function addServiceCommands(program: Command, actions: Actions): void {
  const service = program.command("service")
    .description("let the system start the node, and start it again where it fails")
    .helpCommand(false);
  const user = "with --system: the user that it runs as (default: who called sudo)";
  addOptions(addDataDirOption(service.command("install")))
    .description("make the service of what config.toml says, or of the last start, and start it")
    .option("--user <name>", user, parser("--user", parseNotEmpty))
    .addHelpText("after", INSTALL_EXAMPLES)
    .action((options: DataOptions & ServiceOptions & ServiceInstallOptions) =>
      actions.serviceInstall({ ...dataDirOf(program), ...options })
    );
  addOptions(service.command("uninstall"))
    .description("end and remove the service; models and the data directory stay")
    .addHelpText("after", UNINSTALL_EXAMPLES)
    .action((options: ServiceOptions) => actions.serviceUninstall(options));
  addOptions(service.command("status"))
    .description("show whether the service runs, and how often it was started again")
    .addHelpText("after", STATUS_EXAMPLES)
    .action((options: ServiceOptions) => actions.serviceStatus(options));
  addOptions(service.command("logs"))
    .description("show the last lines of the service, also of a node that has ended")
    .option("-f, --follow", "go on with what comes")
    .addHelpText("after", LOGS_EXAMPLES)
    .action((options: ServiceOptions & LogsOptions) => actions.serviceLogs(options));
}

function addOptions(command: Command): Command {
  return command
    .option("--system", "a service of the whole machine (Linux, as root), in place of your own")
    .option("--json", "print JSON");
}

const INSTALL_EXAMPLES = `
Examples:
  mesh-llm service install                of your own, by systemd or launchd
  sudo mesh-llm service install --system  from the boot on, run as you
  sudo mesh-llm service install --system --user ai  run as another user

The node's options belong in config.toml. Install it again where PATH changed.`;

const UNINSTALL_EXAMPLES = `
Examples:
  mesh-llm service uninstall`;

const STATUS_EXAMPLES = `
Examples:
  mesh-llm service status
  mesh-llm service status --json | jq .state  for programs`;

const LOGS_EXAMPLES = `
Examples:
  mesh-llm service logs
  mesh-llm service logs -f  until Ctrl-C`;
