/** The commands and options of mesh-llm, as commander knows them. */

import { Command, Option } from "commander";
import { HELP_COLUMNS } from "./defaults.ts";
import {
  addDataDirOption,
  addServeOptions,
  NETWORK,
  parser,
  type ServeOptions,
} from "./serve_options.ts";
import { parseName, parseNotEmpty } from "./values.ts";

export interface TokenOptions {
  readonly role: "member" | "client";
  readonly name?: string;
  readonly mayInvite?: true;
}

export interface EngineOptions {
  readonly from?: "release" | "debian";
  readonly binDir?: string;
}

export interface DataOptions {
  readonly dataDir?: string;
  readonly json?: true;
}

/** What a command line leads to, each called with the options of its command. */
export interface Actions {
  serve(options: ServeOptions, operands: readonly string[]): void;
  console(options: ServeOptions): void;
  status(options: DataOptions): void;
  drop(model: string, options: DataOptions): void;
  token(options: DataOptions & TokenOptions): void;
  engineInstall(options: DataOptions & EngineOptions): void;
  engineShow(options: DataOptions & EngineOptions): void;
}

/** Neither prints nor exits: help goes to `write`, and everything that ends a parse is thrown. */
export function createProgram(actions: Actions, write: (text: string) => void): Command {
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
    .addHelpText("after", EXAMPLES)
    .action((options: ServeOptions, command: Command) => actions.serve(options, command.args));
  addServeOptions(program);
  program.addOption(new Option("--no-console", "leave the console page out").helpGroup(NETWORK));
  addConsoleCommand(program, actions);
  addDataCommands(program, actions);
  addEngineCommands(program, actions);
  // Only here, since commands inherit it: the action knows what to say of a command that is none.
  return program.allowExcessArguments();
}

const EXAMPLES = `
Examples:
  mesh-llm console                     try it: a small built-in model and a chat
  mesh-llm --model ./big.gguf          serve a model file
  mesh-llm --join TOKEN                lend this machine to a mesh
  mesh-llm --client --join TOKEN       only use the models of a mesh`;

function addConsoleCommand(program: Command, actions: Actions): void {
  const command = program.command("console")
    .description("serve, and open the console in the browser; the built-in guide without --model")
    .action((options: ServeOptions) => actions.console({ ...program.opts(), ...options }));
  addServeOptions(command);
}

function addDataCommands(program: Command, actions: Actions): void {
  addDataOptions(program.command("status"))
    .description("show the running node, its mesh and its models")
    .action((options: DataOptions) => actions.status({ ...dataDirOf(program), ...options }));
  addDataOptions(program.command("drop <model>"))
    .description("stop serving a model; the node stays in the mesh")
    .action((model: string, options: DataOptions) => {
      actions.drop(model, { ...dataDirOf(program), ...options });
    });
  addDataOptions(program.command("token"))
    .description("print a new invite from the running node")
    .addOption(
      new Option("--role <role>", "what its holder may be").choices(["member", "client"])
        .default("member"),
    )
    .option("--name <name>", "whom the invite is for", parser("--name", parseName))
    .option("--may-invite", "its holder may invite others")
    .action((options: DataOptions & TokenOptions) => {
      actions.token({ ...dataDirOf(program), ...options });
    });
}

function addEngineCommands(program: Command, actions: Actions): void {
  const engine = program.command("engine").description("llama.cpp on this machine")
    .helpCommand(false);
  addDataOptions(engine.command("install"))
    .description("download llama.cpp into the data directory")
    .addOption(
      new Option("--from <source>", "where from; the release first unless said").choices([
        "release",
        "debian",
      ]),
    )
    .action((options: DataOptions & EngineOptions) => {
      actions.engineInstall({ ...dataDirOf(program), ...options });
    });
  addDataOptions(engine.command("show"))
    .description("print its paths, build, RPC protocol and devices")
    .option("--bin-dir <dir>", "look in this folder only", parser("--bin-dir", parseNotEmpty))
    .action((options: DataOptions & EngineOptions) => {
      actions.engineShow({ ...dataDirOf(program), ...options });
    });
}

function addDataOptions(command: Command): Command {
  return addDataDirOption(command).option("--json", "print JSON");
}

/** `mesh-llm --data-dir X token`: the one option of the bare command that means the same everywhere. */
function dataDirOf(program: Command): DataOptions {
  const { dataDir } = program.opts<DataOptions>();
  return dataDir === undefined ? {} : { dataDir };
}
