/** The commands and options of mesh-llm, as commander knows them. */

import { Command, Option } from "commander";
import { HELP_COLUMNS } from "../../base/defaults.ts";
import { addNoConsole, addServeOptions, type ServeOptions } from "../serve_options.ts";
import type { Actions, JoinOptions } from "./actions.ts";
import { addEngineCommands } from "./engine_commands.ts";
import { addKeyCommands } from "./key_commands.ts";
import { addModelCommands } from "./model_commands.ts";
import { addNodeCommands } from "./node_commands.ts";
import { addRelayCommands } from "./relay_commands.ts";
import { addPairCommands } from "./pair_commands.ts";
import { addServiceCommands } from "./service_commands.ts";
import { addTokenCommands } from "./token_commands.ts";
import { addUpdateCommand } from "./update_command.ts";
import { addAgentCommand, addChatCommand, addCompletionCommands } from "./tool_commands.ts";

export interface ProgramOptions {
  /** The output for help. */
  readonly write: (text: string) => void;
  /** Called before an action that takes the options of a node: sets what no flag has set. */
  readonly prepare: (command: Command, program: Command) => void;
}

/** Neither prints nor exits: everything that ends a parse is thrown. */
export function createProgram(actions: Actions, options: ProgramOptions): Command {
  const program = createCommands(actions, options);
  addCompletionCommands(program, actions);
  return program;
}

/** Without the commands of completion, which is made from these. */
export function createCommands(actions: Actions, { write, prepare }: ProgramOptions): Command {
  const program = new Command("mesh-llm")
    .description(
      "Pools the memory of several machines and serves large language models from all of them.",
    )
    .usage("[command] [options]")
    .version("", "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: write,
      writeErr: write,
      outputError: () => {}, // the thrown error says the same
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ subcommandTerm })
    .addHelpText("after", EXAMPLES)
    .action((options: ServeOptions & Pick<JoinOptions, "yes">, command: Command) =>
      actions.serve(options, command.args, [command])
    );
  addServeOptions(program);
  addNoConsole(program);
  const yes = "of a first start: ask the only mesh of this network to let it in";
  program.addOption(new Option("--yes", yes).helpGroup("Mesh:"));
  program.hook("preAction", (_, command) => {
    if (takesServeOptions(command)) prepare(command, program);
  });
  addNodeCommands(program, actions);
  addServiceCommands(program, actions);
  addChatCommand(program, actions);
  addModelCommands(program, actions);
  addTokenCommands(program, actions);
  addRelayCommands(program, actions);
  addPairCommands(program, actions);
  addKeyCommands(program, actions);
  addAgentCommand(program, actions);
  addEngineCommands(program, actions);
  addUpdateCommand(program, actions);
  // Only here, since commands inherit it: the action knows what to say of a command that is none.
  return program.allowExcessArguments();
}

/** The words to type; the rest is in the command's own help. */
function subcommandTerm(command: Command): string {
  const needed = command.registeredArguments.filter(({ required }) => required);
  const words = [command.name(), ...command.aliases()].join("|");
  return [words, ...needed.map((argument) => `<${argument.name()}>`)].join(" ");
}

const EXAMPLES = `
Examples:
  mesh-llm console                try it: a small built-in model and a chat
  mesh-llm --model ./big.gguf     serve a model file
  mesh-llm --join -               lend this machine to a mesh; paste its invite
  mesh-llm --client --join @FILE  only use the models of a mesh`;

function takesServeOptions(command: Command): boolean {
  return command.options.some(({ long }) => long === "--join");
}
