/** argv and environment -> what is asked for. Pure: prints nothing, reads nothing, exits never. */

import { type Command as Subcommand, CommanderError } from "commander";
import type { Setting } from "../../api/mod.ts";
import { pinnedIn } from "../../base/model_settings.ts";
import { withChanges } from "../../node/config.ts";
import { closestName } from "../base/closest_name.ts";
import type { Command } from "./command.ts";
import type { ServeConfig } from "./serve_command.ts";
import { applyConfigFile, configurable, exposedSecrets } from "./config_file.ts";
import { createProgram } from "./program/program.ts";
import { consoleConfig, hubOf, serveConfig } from "./serve_config.ts";
import { nodeOptions, type ServeOptions } from "./serve_options.ts";
import { NothingToServeError } from "../base/nothing_to_serve.ts";
import { settingsIn } from "./setting_words.ts";
import { settingsOf } from "./settings.ts";
import {
  absolute,
  type CliContext,
  configPath,
  dataDirOf,
  dataOf,
  type Environment,
  type Facts,
} from "./cli_context.ts";
import { UsageError } from "../base/usage_error.ts";

/** Other programs of this kind start by the word. */
const NO_MODEL_TO_SERVE = "serve needs the name of a model for the node that runs. " +
  "A node is started by mesh-llm console, or by mesh-llm --model NAME";

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
  const program = createProgram({
    serve: (options, [word], commands) => {
      if (word !== undefined) throw noSuchCommand(word, program);
      for (const config of bareCommand(options, around)) {
        asked.push(config);
        settings = settingsOf(config, commands);
      }
    },
    console: (options, commands) => {
      const config = consoleConfig(options, around);
      asked.push(config);
      settings = settingsOf(config, commands);
    },
    configShow: ({ json = false, ...options }, commands) =>
      asked.push({
        kind: "config-show",
        path: configPath(options, around) ?? "",
        settings: settingsOf(serveConfig(options, around), commands),
        warnings,
        json,
      }),
    models: ({ modelsDir, all = false, ...options }) =>
      asked.push({
        kind: "models",
        all,
        modelsDir: absolute(modelsDir, around),
        ...dataOf(options, around),
      }),
    plan: (model, { modelsDir, ...options }) =>
      asked.push({
        kind: "plan",
        model,
        modelsDir: absolute(modelsDir, around),
        ...dataOf(options, around),
      }),
    doctor: ({ json = false, ...options }) =>
      asked.push({ kind: "doctor", config: { ...serveConfig(options, around), warnings }, json }),
    runAgent: (agent, words, { model, address, exec = false, ...options }) =>
      asked.push({
        kind: "run-agent",
        agent,
        model: model ?? null,
        address: address ?? null,
        exec,
        words,
        ...dataOf(options, around),
      }),
    download: (model, { modelsDir, ...options }) =>
      asked.push({
        kind: "download",
        model,
        modelsDir: absolute(modelsDir, around),
        hub: hubOf(around),
        ...dataOf(options, around),
      }),
    remove: (model, { modelsDir, yes = false, ...options }) =>
      asked.push({
        kind: "rm",
        model,
        modelsDir: absolute(modelsDir, around),
        yes,
        ...dataOf(options, around),
      }),
    status: (options) => asked.push({ kind: "status", ...dataOf(options, around) }),
    chat: (words, { api, history, ...options }) => {
      if (api !== undefined && !/^https?:\/\//.test(api)) {
        throw new UsageError(
          `--api must be a URL such as http://127.0.0.1:9337: current value is ${
            JSON.stringify(api)
          }`,
        );
      }
      const { dataDir } = dataOf(options, around);
      asked.push({ kind: "chat", words, apiUrl: api ?? null, history, dataDir });
    },
    ps: (options) => asked.push({ kind: "ps", ...dataOf(options, around) }),
    serveModel: (model, options) => {
      if (model === undefined) throw new UsageError(NO_MODEL_TO_SERVE);
      asked.push({ kind: "serve-model", model, ...dataOf(options, around) });
    },
    stop: (options) => asked.push({ kind: "stop", ...dataOf(options, around) }),
    logs: ({ follow = false, ...options }) =>
      asked.push({ kind: "logs", follow, ...dataOf(options, around) }),
    drop: (model, { undo = false, ...options }) =>
      asked.push({ kind: "drop", model, undo, ...dataOf(options, around) }),
    settings: (model, words, { reset = false, ...options }) => {
      if (reset && words.length > 0) throw new UsageError(RESET_ALONE);
      const changes = settingsIn(words);
      asked.push({ kind: "settings", model, changes, reset, ...dataOf(options, around) });
    },
    token: ({ role, name, mayInvite, invite, expires, ...options }) =>
      asked.push({
        kind: "token",
        role,
        name: name ?? null,
        mayInvite: mayInvite ?? (invite ? null : false),
        expiresMs: expires ?? null,
        ...dataOf(options, around),
      }),
    completions: (shell) => asked.push({ kind: "completions", shell }),
    complete: (words) => asked.push({ kind: "complete", words }),
    keyMake: (name, { model, ...options }) =>
      asked.push({ kind: "key-make", name, models: model ?? null, ...dataOf(options, around) }),
    keyList: (options) => asked.push({ kind: "key-list", ...dataOf(options, around) }),
    keyRemove: (name, options) =>
      asked.push({ kind: "key-remove", name, ...dataOf(options, around) }),
    tokenList: (options) => asked.push({ kind: "token-list", ...dataOf(options, around) }),
    tokenRevoke: (id, options) =>
      asked.push({ kind: "token-revoke", id, ...dataOf(options, around) }),
    tokenRemove: (machine, { yes = false, ...options }) =>
      asked.push({ kind: "token-remove", machine, yes, ...dataOf(options, around) }),
    engineInstall: ({ from, backend = "auto", like, ...options }) =>
      asked.push({
        kind: "engine-install",
        from: from ?? null,
        backend,
        like: like ?? null,
        ...dataOf(options, around),
      }),
    engineShow: ({ binDir, ...options }) =>
      asked.push({
        kind: "engine-show",
        binDir: absolute(binDir, around),
        ...dataOf(options, around),
      }),
  }, {
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
  return { command: { kind: "help", text: help }, settings };
}

/** Commander helps with the first word only: `help token list` is `token list --help`. */
function helpOf(argv: readonly string[]): readonly string[] {
  const [first, ...words] = argv;
  return first === "help" && words.length > 1 ? [...words, "--help"] : argv;
}

const RESET_ALONE = "--reset takes back all that was changed: leave it out, or the changes";

/**
 * Without a model and without a mesh to join the directory decides: the same as last time. If it has nothing either,
 * the empty answer stands for the help; a supervisor that reads JSON gets the failure.
 */
function bareCommand(options: ServeOptions, around: CliContext): readonly ServeConfig[] {
  const asks = options.client || options.join !== undefined || options.model !== undefined ||
    pinnedIn(options.perModel ?? {}).length > 0;
  if (asks) return [serveConfig(options, around)];
  if (configPath(options, around) === null) return [];
  const dataDir = dataDirOf(options, around);
  const last = around.facts.readLastStart(dataDir);
  if (last?.role === "client") return [serveConfig({ ...options, client: true }, around)];
  if (last !== undefined) {
    return [withChanges(serveConfig(options, around), { serving: { models: last.models } })];
  }
  if (options.logFormat === "json") throw new NothingToServeError(dataDir);
  return [];
}

/** With the one that was meant, where one is close enough. */
function noSuchCommand(word: string, program: Subcommand): UsageError {
  const names = program.createHelp().visibleCommands(program).map((command) => command.name());
  const meant = closestName(word, names);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  return new UsageError(`There is no command ${JSON.stringify(word)}${hint}`);
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
