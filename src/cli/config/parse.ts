/** argv and environment -> what is asked for. Pure: prints nothing, reads nothing, exits never. */

import { type Command as Subcommand, CommanderError } from "commander";
import type { Setting } from "../../api/mod.ts";
import { UsageError } from "../base/usage_error.ts";
import { type CliContext, configPath, type Environment, type Facts } from "./cli_context.ts";
import type { Command, JoinCommand } from "./command.ts";
import { applyConfigFile, configurable, exposedSecrets } from "./config_file.ts";
import type { Actions } from "./program/actions.ts";
import { createProgram } from "./program/program.ts";
import { accessRequests } from "./requests/access_requests.ts";
import type { Asking } from "./requests/asking.ts";
import { modelRequests } from "./requests/model_requests.ts";
import { nodeRequests } from "./requests/node_requests.ts";
import { pairRequests } from "./requests/pair_requests.ts";
import { relayRequests } from "./requests/relay_requests.ts";
import { serviceRequests } from "./requests/service_requests.ts";
import { type StartAsking, startRequests } from "./requests/start_requests.ts";
import { toolRequests } from "./requests/tool_requests.ts";
import { updateRequests } from "./requests/update_requests.ts";
import { nodeOptions } from "./serve_options.ts";

/** @throws {UsageError} with one sentence for people. */
export function parse(argv: readonly string[], environment: Environment, facts: Facts): Command {
  return understand(argv, environment, facts).command;
}

export interface Understood {
  readonly command: Command;
  /** Of a node that is to start: every setting, and where its value comes from. */
  readonly settings: readonly Setting[];
}

/** @throws {UsageError} with one sentence for people. */
export function understand(
  argv: readonly string[],
  environment: Environment,
  facts: Facts,
): Understood {
  const around: CliContext = { environment, facts };
  let settings: readonly Setting[] = [];
  const asked: Command[] = [];
  const warnings: string[] = [];
  let help = "";
  let offered: JoinCommand | undefined;
  const asking: Asking = { around, ask: (command) => asked.push(command) };
  const start: StartAsking = {
    ...asking,
    program: () => program,
    warnings,
    tell: (told) => settings = told,
    offer: (join) => offered = join,
  };
  const actions: Actions = {
    ...startRequests(start),
    ...modelRequests(asking),
    ...nodeRequests(asking),
    ...accessRequests(asking),
    ...relayRequests(asking),
    ...pairRequests(asking),
    ...serviceRequests(asking),
    ...toolRequests(asking),
    ...updateRequests(asking),
  };
  const program = createProgram(actions, {
    write: (text) => help += text,
    prepare: (command, program) => warnings.push(...applyLayers(command, program, around)),
  });
  try {
    program.parse(helpOf(argv), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.version") return { command: { kind: "version" }, settings };
    if (help === "") throw new UsageError(sentence(error.message));
  }
  const [command] = asked;
  if (command?.kind === "serve") return { command: { ...command, warnings }, settings };
  if (command !== undefined) return { command, settings };
  if (help === "") program.outputHelp();
  const offer = offered === undefined
    ? {}
    : { offer: { ...offered, config: { ...offered.config, warnings } } };
  return { command: { kind: "help", text: help, ...offer }, settings };
}

/** Commander helps with the first word only: `help token list` is `token list --help`. */
function helpOf(argv: readonly string[]): readonly string[] {
  const [first, ...words] = argv;
  return first === "help" && words.length > 1 ? [...words, "--help"] : argv;
}

/**
 * An option without a flag comes from the environment, and without either from the file.
 * @returns warnings about that file.
 */
function applyLayers(
  command: Subcommand,
  program: Subcommand,
  around: CliContext,
): readonly string[] {
  const isTaken = (attribute: string) =>
    [command, program].some((one) =>
      ["cli", "env"].includes(one.getOptionValueSource(attribute) ?? "")
    );
  for (const [attribute, { variable, read }] of nodeOptions()) {
    const text = variable && around.environment[variable];
    if (!text) continue;
    const value = read?.(variable, text) ?? text;
    if (!isTaken(attribute)) command.setOptionValueWithSource(attribute, value, "env");
  }
  const path = configPath({ ...program.opts(), ...command.opts() }, around);
  const found = path === null ? undefined : around.facts.readConfig(path);
  if (path === null || found === undefined) return [];
  const file = { path, ...found };
  const { home } = around.facts;
  applyConfigFile(command, file, { known: configurable(program), isTaken, home });
  return exposedSecrets(file);
}

/** Commander says "error: unknown option '--modle'\n(Did you mean --model?)". */
function sentence(message: string): string {
  const text = message.replace(/^error: /, "").replace("\n(Did", " (did").replace(/\.$/, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
