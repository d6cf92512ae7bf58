/** `console`, `config`, `status`, `ps`, `logs`, `stop`, `doctor`: commands about one node. */

import type { Command } from "commander";
import { addNoConsole, addServeOptions, type ServeOptions } from "../serve_options.ts";
import type { Actions, LogsOptions } from "./actions.ts";
import type { DataOptions } from "../cli_context.ts";
import { addDataOptions, dataDirOf } from "./data_options.ts";

export function addNodeCommands(program: Command, actions: Actions): void {
  addConsoleCommand(program, actions);
  addConfigCommand(program, actions);
  addDataOptions(program.command("status"))
    .description("show the running node, its mesh and its models")
    .addHelpText("after", STATUS_EXAMPLES)
    .action((options: DataOptions) => actions.status({ ...dataDirOf(program), ...options }));
  addDataOptions(program.command("ps"))
    .description("show what runs now: each model, its machines and its memory")
    .addHelpText("after", PS_EXAMPLES)
    .action((options: DataOptions) => actions.ps({ ...dataDirOf(program), ...options }));
  addDataOptions(program.command("logs"))
    .description("show the last lines that the running node and its llama.cpp have written")
    .option("-f, --follow", "go on with what comes, also when the node is started again")
    .addHelpText("after", LOGS_EXAMPLES)
    .action((options: DataOptions & LogsOptions) =>
      actions.logs({ ...dataDirOf(program), ...options })
    );
  addDataOptions(program.command("stop"))
    .description("end the running node, and wait until it is gone")
    .addHelpText("after", STOP_EXAMPLES)
    .action((options: DataOptions) => actions.stop({ ...dataDirOf(program), ...options }));
  addDoctorCommand(program, actions);
}

function addConsoleCommand(program: Command, actions: Actions): void {
  const command = program.command("console")
    .description("serve, and open the console in the browser; the built-in guide without --model")
    .addHelpText("after", CONSOLE_EXAMPLES)
    .action((options: ServeOptions, command: Command) =>
      actions.console({ ...program.opts(), ...options }, [command, program])
    );
  addServeOptions(command);
}

function addConfigCommand(program: Command, actions: Actions): void {
  const config = program.command("config").description("show the settings of a node")
    .helpCommand(false);
  const show = config.command("show")
    .description("show every setting, and where it comes from")
    .addHelpText("after", CONFIG_EXAMPLES)
    .option("--json", "print JSON")
    .action((options: ServeOptions & DataOptions, command: Command) => {
      actions.configShow({ ...program.opts(), ...options }, [command, program]);
    });
  addServeOptions(show);
  addNoConsole(show);
}

function addDoctorCommand(program: Command, actions: Actions): void {
  const command = program.command("doctor")
    .description("look for problems, with a remedy for each finding")
    .option("--json", "print JSON")
    .addHelpText("after", DOCTOR_EXAMPLES)
    .action((options: ServeOptions & DataOptions) => {
      actions.doctor({ ...program.opts(), ...options });
    });
  addServeOptions(command);
}

const DOCTOR_EXAMPLES = `
Examples:
  mesh-llm doctor                    this machine, and the mesh if a node runs
  mesh-llm doctor --bin-dir ~/llama  the same with the llama.cpp in that folder`;

const CONSOLE_EXAMPLES = `
Examples:
  mesh-llm console                     the built-in guide, to look around
  mesh-llm console --model ./big.gguf  a model of your own
  mesh-llm console --port 0 --console-port 0 beside another node`;

const CONFIG_EXAMPLES = `
Examples:
  mesh-llm config show              values of config.toml and the environment
  mesh-llm config show --port 8080  the same with a flag`;

const PS_EXAMPLES = `
Examples:
  mesh-llm ps
  mesh-llm ps --json | jq '.[].model'  for programs`;

const LOGS_EXAMPLES = `
Examples:
  mesh-llm logs     a line of llama.cpp stands behind the name of its log
  mesh-llm logs -f  until Ctrl-C`;

const STOP_EXAMPLES = `
Examples:
  mesh-llm stop  its models are unloaded, and its mesh is told

A service manager that restarts whatever ends starts it again.`;

const STATUS_EXAMPLES = `
Examples:
  mesh-llm status
  mesh-llm status --json | jq .models  for programs`;
