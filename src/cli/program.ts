/** The commands and options of mesh-llm, as commander knows them. */

import { Argument, Command, Option } from "commander";
import { HELP_COLUMNS } from "./defaults.ts";
import {
  addDataDirOption,
  addServeOptions,
  NETWORK,
  parser,
  type ServeOptions,
} from "./serve_options.ts";
import { parseDuration, parseInviteId, parseName, parseNotEmpty } from "./values.ts";

export interface TokenOptions {
  readonly role: "member" | "client";
  readonly name?: string;
  readonly mayInvite?: true;
  readonly expires?: number;
}

export interface ModelsOptions {
  readonly modelsDir?: string;
  readonly all?: true;
}

export interface AgentOptions {
  readonly model?: string;
  readonly exec?: true;
}

export interface EngineOptions {
  readonly from?: "release" | "debian";
  readonly binDir?: string;
}

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

export interface DataOptions {
  readonly dataDir?: string;
  readonly json?: true;
}

/** What a command line leads to, each called with the options of its command. */
export interface Actions {
  serve(options: ServeOptions, operands: readonly string[]): void;
  console(options: ServeOptions): void;
  /** `commands`: itself, and whose options it takes over. */
  configShow(options: ServeOptions & DataOptions, commands: readonly Command[]): void;
  status(options: DataOptions): void;
  models(options: DataOptions & ModelsOptions): void;
  plan(model: string, options: DataOptions & ModelsOptions): void;
  download(model: string, options: DataOptions & ModelsOptions): void;
  drop(model: string, options: DataOptions): void;
  token(options: DataOptions & TokenOptions): void;
  doctor(options: ServeOptions & DataOptions): void;
  runAgent(agent: string, words: readonly string[], options: DataOptions & AgentOptions): void;
  completions(shell: Shell): void;
  /** The words of a command line, the last of which is to be completed. */
  complete(words: readonly string[]): void;
  tokenList(options: DataOptions): void;
  tokenRevoke(id: string, options: DataOptions): void;
  engineInstall(options: DataOptions & EngineOptions): void;
  engineShow(options: DataOptions & EngineOptions): void;
}

export interface ProgramOptions {
  /** Where help goes. */
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
    .action((options: ServeOptions, command: Command) => actions.serve(options, command.args));
  addServeOptions(program);
  program.addOption(noConsole());
  program.hook("preAction", (_, command) => {
    if (takesServeOptions(command)) prepare(command, program);
  });
  addConsoleCommand(program, actions);
  addConfigCommand(program, actions);
  addDataCommands(program, actions);
  addDoctorCommand(program, actions);
  addAgentCommand(program, actions);
  addEngineCommands(program, actions);
  // Only here, since commands inherit it: the action knows what to say of a command that is none.
  return program.allowExcessArguments();
}

/** What has to be typed; the rest is in the command's own help. */
function subcommandTerm(command: Command): string {
  const needed = command.registeredArguments.filter(({ required }) => required);
  return [command.name(), ...needed.map((argument) => `<${argument.name()}>`)].join(" ");
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

function addConfigCommand(program: Command, actions: Actions): void {
  const config = program.command("config").description("the settings of a node, from config.toml")
    .helpCommand(false);
  const show = config.command("show")
    .description("show every setting, and where it comes from")
    .option("--json", "print JSON")
    .action((options: ServeOptions & DataOptions, command: Command) => {
      actions.configShow({ ...program.opts(), ...options }, [command, program]);
    });
  addServeOptions(show);
  show.addOption(noConsole());
}

/** Not for `console`, which opens the page. */
function noConsole(): Option {
  return new Option("--no-console", "leave the console page out").helpGroup(NETWORK);
}

function takesServeOptions(command: Command): boolean {
  return command.options.some(({ long }) => long === "--join");
}

function addDataCommands(program: Command, actions: Actions): void {
  addDataOptions(program.command("status"))
    .description("show the running node, its mesh and its models")
    .action((options: DataOptions) => actions.status({ ...dataDirOf(program), ...options }));
  addModelsDir(addDataOptions(program.command("models")))
    .description("show the models on disk, in the mesh and in the catalog, and what fits")
    .option("--all", "those of the catalog that fit nowhere, too")
    .action((options: DataOptions & ModelsOptions) => {
      actions.models({ ...dataDirOf(program), ...options });
    });
  addModelsDir(addDataOptions(program.command("plan <model>")))
    .description("show where a model would run, before it is loaded or downloaded")
    .addHelpText("after", PLAN_EXAMPLES)
    .action((model: string, options: DataOptions & ModelsOptions) => {
      actions.plan(model, { ...dataDirOf(program), ...options });
    });
  addModelsDir(addDataOptions(program.command("download <model>")))
    .description("fetch a model; what an earlier run has left is continued")
    .addHelpText("after", DOWNLOAD_EXAMPLES)
    .action((model: string, options: DataOptions & ModelsOptions) => {
      actions.download(model, { ...dataDirOf(program), ...options });
    });
  addDataOptions(program.command("drop <model>"))
    .description("stop serving a model; the node stays in the mesh")
    .action((model: string, options: DataOptions) => {
      actions.drop(model, { ...dataDirOf(program), ...options });
    });
  addTokenCommands(program, actions);
}

function addTokenCommands(program: Command, actions: Actions): void {
  const token = addDataOptions(program.command("token")).helpCommand(false)
    .description("print a new invite from the running node")
    .addOption(
      new Option("--role <role>", "what its holder may be").choices(["member", "client"])
        .default("member"),
    )
    .option("--name <name>", "whom the invite is for", parser("--name", parseName))
    .option("--may-invite", "its holder may invite others")
    .option(
      "--expires <time>",
      "end the membership after this time: 30m, 12h, 7d or 4w",
      parser("--expires", parseDuration),
    )
    .action((options: DataOptions & TokenOptions) => {
      actions.token({ ...dataDirOf(program), ...options });
    });
  addTokenListCommands(program, token, actions);
}

function addTokenListCommands(program: Command, token: Command, actions: Actions): void {
  const dataOptionsOf = (options: DataOptions) => ({
    ...dataDirOf(program),
    ...token.opts<DataOptions>(),
    ...options,
  });
  addDataOptions(token.command("list"))
    .description("print the invites that the running node has made, and who came by them")
    .action((options: DataOptions) => actions.tokenList(dataOptionsOf(options)));
  addDataOptions(token.command("revoke").argument("<id>", "as the list shows it", parseInviteId))
    .description("end an invite: whoever came by it is cut off, on every machine of the mesh")
    .action((id: string, options: DataOptions) => actions.tokenRevoke(id, dataOptionsOf(options)));
}

function addCompletionCommands(program: Command, actions: Actions): void {
  program.command("completions")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText("after", COMPLETION_EXAMPLES)
    .action((shell: Shell) => actions.completions(shell));
  // What those scripts call.
  program.command("complete", { hidden: true })
    .argument("[words...]")
    .action((words: readonly string[]) => actions.complete(words));
}

const COMPLETION_EXAMPLES = `
Examples:
  source <(mesh-llm completions bash)        in ~/.bashrc
  source <(mesh-llm completions zsh)         in ~/.zshrc
  mesh-llm completions fish | source         in ~/.config/fish/config.fish`;

function addDoctorCommand(program: Command, actions: Actions): void {
  const command = program.command("doctor")
    .description("look for what is wrong, with a remedy for each finding")
    .option("--json", "print JSON")
    .addHelpText("after", DOCTOR_EXAMPLES)
    .action((options: ServeOptions & DataOptions) => {
      actions.doctor({ ...program.opts(), ...options });
    });
  addServeOptions(command);
}

const DOCTOR_EXAMPLES = `
Examples:
  mesh-llm doctor                       this machine, and the mesh if a node runs
  mesh-llm doctor --bin-dir ~/llama     whether that llama.cpp would do`;

function addAgentCommand(program: Command, actions: Actions): void {
  addDataOptions(program.command("run <agent> [words...]"))
    .description("show a tool's settings for this node's API, or start it with them")
    .option("--exec", "start the tool; further words go to it")
    .option("--model <name>", "model to use (default: the node's own)")
    .addHelpText("after", AGENT_EXAMPLES)
    .action((agent: string, words: readonly string[], options: DataOptions & AgentOptions) => {
      actions.runAgent(agent, words, { ...dataDirOf(program), ...options });
    });
}

const AGENT_EXAMPLES = `
Tools: goose, opencode, pi, claude, aider, continue, open-webui

Examples:
  mesh-llm run goose                        what to set, to copy
  mesh-llm run claude --exec                start Claude Code on this node's model
  mesh-llm run aider --exec -- --no-git     with options of its own`;
const DOWNLOAD_EXAMPLES = `
Examples:
  mesh-llm download Qwen3-8B-Q4_K_M    a model of the catalog (mesh-llm models)
  mesh-llm download org/repo:Q5_K_M    a quantisation from a repository of Hugging Face
HF_TOKEN is sent to Hugging Face, or to where HF_ENDPOINT points, and nowhere else.`;

const PLAN_EXAMPLES = `
Examples:
  mesh-llm plan Qwen3-32B-Q4_K_M       alone, split, or not at all, with the numbers`;

function addModelsDir(command: Command): Command {
  return command.option(
    "--models-dir <dir>",
    "look for models here",
    parser("--models-dir", parseNotEmpty),
  );
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
