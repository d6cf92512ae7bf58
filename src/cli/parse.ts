/** argv and environment -> what is asked for. Pure: prints nothing, reads nothing, exits never. */

import { type Command as Subcommand, CommanderError } from "commander";
import { join, resolve } from "node:path";
import type { HubConfig } from "../node/mod.ts";
import { closestName } from "./closest_name.ts";
import type { Command, ServeConfig } from "./command.ts";
import { applyConfigFile, configurable } from "./config_file.ts";
import { API_PORT, CONSOLE_PORT, HUGGING_FACE, NAME_LENGTH_MAX } from "./defaults.ts";
import { createProgram, type DataOptions } from "./program.ts";
import type { ServeOptions } from "./serve_options.ts";
import { settingsOf } from "./settings.ts";
import { UsageError } from "./usage_error.ts";
import { isLoopback, parseKey } from "./values.ts";

/** The variables that mean something to mesh-llm. An empty one counts as absent. */
export interface Environment {
  readonly MESH_LLM_HOME?: string | undefined;
  readonly MESH_LLM_API_KEY?: string | undefined;
  readonly MESH_LLM_ADMIN_KEY?: string | undefined;
  /** Of Hugging Face's own tools: where models come from, and the token of an account there. */
  readonly HF_ENDPOINT?: string | undefined;
  readonly HF_TOKEN?: string | undefined;
}

/** What the command line is read against. */
export interface Facts {
  readonly hostname: string;
  /** `undefined` where the user has none; then the data directory must be named. */
  readonly home: string | undefined;
  readonly cwd: string;
  /** The text of a configuration file, where there is one. */
  readConfig(path: string): string | undefined;
}

interface Surroundings {
  readonly environment: Environment;
  readonly facts: Facts;
}

const LOOPBACK = "127.0.0.1";

/** @throws {UsageError} with one sentence for people. */
export function parse(argv: readonly string[], environment: Environment, facts: Facts): Command {
  const around: Surroundings = { environment, facts };
  const asked: Command[] = [];
  let help = "";
  const program = createProgram({
    serve: (options, [word]) => {
      if (word !== undefined) throw noSuchCommand(word, program);
      asked.push(...bareCommand(options, around));
    },
    console: (options) => asked.push(consoleConfig(options, around)),
    configShow: ({ json = false, ...options }, commands) =>
      asked.push({
        kind: "config-show",
        path: configPath(options, around) ?? "",
        settings: settingsOf(serveConfig(options, around), commands),
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
      asked.push({ kind: "doctor", config: serveConfig(options, around), json }),
    runAgent: (agent, words, { model, exec = false, ...options }) =>
      asked.push({
        kind: "run-agent",
        agent,
        model: model ?? null,
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
    status: (options) => asked.push({ kind: "status", ...dataOf(options, around) }),
    drop: (model, options) => asked.push({ kind: "drop", model, ...dataOf(options, around) }),
    token: ({ role, name, mayInvite, expires, ...options }) =>
      asked.push({
        kind: "token",
        role,
        name: name ?? null,
        mayInvite: mayInvite ?? false,
        expiresMs: expires ?? null,
        ...dataOf(options, around),
      }),
    completions: (shell) => asked.push({ kind: "completions", shell }),
    complete: (words) => asked.push({ kind: "complete", words }),
    tokenList: (options) => asked.push({ kind: "token-list", ...dataOf(options, around) }),
    tokenRevoke: (id, options) =>
      asked.push({ kind: "token-revoke", id, ...dataOf(options, around) }),
    engineInstall: ({ from, ...options }) =>
      asked.push({ kind: "engine-install", from: from ?? null, ...dataOf(options, around) }),
    engineShow: ({ binDir, ...options }) =>
      asked.push({
        kind: "engine-show",
        binDir: absolute(binDir, around),
        ...dataOf(options, around),
      }),
  }, {
    write: (text) => help += text,
    prepare: (command, program) => applyLayers(command, program, around),
  });
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.version") return { kind: "version" };
    if (help === "") throw new UsageError(sentence(error.message));
  }
  if (asked[0] !== undefined) return asked[0];
  if (help === "") program.outputHelp();
  return { kind: "help", text: help };
}

/** Nothing to serve and nothing to join: an empty answer, which stands for the help. */
function bareCommand(options: ServeOptions, around: Surroundings): readonly Command[] {
  const asks = options.client || options.join !== undefined || options.model !== undefined;
  return asks ? [serveConfig(options, around)] : [];
}

/** With the one that was meant, where one is close enough. */
function noSuchCommand(word: string, program: Subcommand): UsageError {
  const names = program.createHelp().visibleCommands(program).map((command) => command.name());
  const meant = closestName(word, names);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  return new UsageError(`There is no command ${JSON.stringify(word)}${hint}`);
}

function consoleConfig(options: ServeOptions, around: Surroundings): ServeConfig {
  if (options.console === false) {
    throw new UsageError("The console command opens the page that --no-console leaves out");
  }
  return { ...serveConfig(options, around), openBrowser: true };
}

function serveConfig(options: ServeOptions, around: Surroundings): ServeConfig {
  const client = options.client ?? false;
  const dataDir = dataDirOf(options, around);
  const config: ServeConfig = {
    kind: "serve",
    client,
    openBrowser: false,
    models: options.model ?? [],
    join: options.join ?? null,
    leave: options.leave ?? false,
    port: options.port ?? API_PORT,
    consolePort: options.consolePort ?? CONSOLE_PORT,
    console: options.console ?? true,
    bindPort: options.bindPort ?? null,
    listen: options.listen ?? LOOPBACK,
    consoleListen: options.consoleListen ?? LOOPBACK,
    apiKey: options.apiKey ?? null,
    apiKeyFile: absolute(options.apiKeyFile, around),
    adminKey: keyFrom("MESH_LLM_ADMIN_KEY", around),
    insecure: options.insecure ?? false,
    recordPrompts: options.recordPrompts ?? false,
    split: options.split ?? false,
    tensorSplit: options.tensorSplit ?? null,
    maxVramBytes: options.maxVram ?? null,
    contextLength: options.ctx ?? null,
    draft: draftOf(options.draft, around),
    binDir: absolute(options.binDir, around),
    modelsDir: absolute(options.modelsDir, around),
    hub: hubOf(around),
    // A folder of its own, so that a client runs beside a node: design.md 3.
    dataDir: client ? join(dataDir, "client") : dataDir,
    name: options.name ?? around.facts.hostname.slice(0, NAME_LENGTH_MAX),
    logFormat: options.logFormat ?? "pretty",
  };
  refuseOpenDoors(config);
  return config;
}

/** Whoever reaches these ports uses or manages the node, so beyond this machine they need a key. */
function refuseOpenDoors(config: ServeConfig): void {
  const keyed = config.apiKey !== null || config.apiKeyFile !== null;
  if (!isLoopback(config.listen) && !keyed && !config.insecure) {
    throw new UsageError(
      `--listen ${config.listen} opens the API to the network: ` +
        `set a key with MESH_LLM_API_KEY, --api-key or --api-key-file, or pass --insecure`,
    );
  }
  if (!isLoopback(config.consoleListen) && config.adminKey === null) {
    throw new UsageError(
      `--console-listen ${config.consoleListen} lets the network manage this node: ` +
        `set a key for it in MESH_LLM_ADMIN_KEY`,
    );
  }
}

/** A path as everywhere, or the name of a model on disk. */
function draftOf(draft: ServeOptions["draft"], around: Surroundings): string | false | null {
  if (draft === false) return false;
  if (draft === undefined) return null;
  return draft.endsWith(".gguf") ? absolute(draft, around) : draft;
}

function hubOf({ environment }: Surroundings): HubConfig {
  const endpoint = environment.HF_ENDPOINT || HUGGING_FACE;
  const url = URL.parse(endpoint);
  if (url?.protocol !== "https:") {
    throw new UsageError(
      `HF_ENDPOINT must be an https URL: current value is ${JSON.stringify(endpoint)}`,
    );
  }
  return { endpoint: url.origin, token: environment.HF_TOKEN || null };
}

/** What no flag says comes from the environment, and what neither says from the file. */
function applyLayers(command: Subcommand, program: Subcommand, around: Surroundings): void {
  const isTaken = (attribute: string) =>
    [command, program].some((one) =>
      ["cli", "env"].includes(one.getOptionValueSource(attribute) ?? "")
    );
  const apiKey = keyFrom("MESH_LLM_API_KEY", around);
  if (apiKey !== null && !isTaken("apiKey")) {
    command.setOptionValueWithSource("apiKey", apiKey, "env");
  }
  const path = configPath({ ...program.opts(), ...command.opts() }, around);
  const text = path === null ? undefined : around.facts.readConfig(path);
  if (path === null || text === undefined) return;
  applyConfigFile(command, { path, text }, {
    known: configurable(program),
    isTaken,
    home: around.facts.home,
  });
}

/** `null` where no data directory is named and there is no home: then nothing can be started either. */
function configPath({ dataDir }: DataOptions, around: Surroundings): string | null {
  const { environment, facts } = around;
  const isKnown = dataDir ?? environment.MESH_LLM_HOME ?? facts.home;
  return isKnown
    ? join(dataDirOf(dataDir === undefined ? {} : { dataDir }, around), "config.toml")
    : null;
}

function keyFrom(
  variable: "MESH_LLM_API_KEY" | "MESH_LLM_ADMIN_KEY",
  { environment }: Surroundings,
): string | null {
  const key = environment[variable];
  return key ? parseKey(variable, key) : null;
}

function dataOf(options: DataOptions, around: Surroundings): { dataDir: string; json: boolean } {
  return { dataDir: dataDirOf(options, around), json: options.json ?? false };
}

function dataDirOf(options: DataOptions, { environment, facts }: Surroundings): string {
  const named = options.dataDir ?? (environment.MESH_LLM_HOME || undefined);
  if (named !== undefined) return resolve(facts.cwd, named);
  if (facts.home !== undefined) return join(facts.home, ".mesh-llm");
  throw new UsageError(
    "There is no home directory to keep files in: name one with --data-dir or MESH_LLM_HOME",
  );
}

function absolute(path: string | undefined, { facts }: Surroundings): string | null {
  return path === undefined ? null : resolve(facts.cwd, path);
}

/** Commander says "error: unknown option '--modle'\n(Did you mean --model?)". */
function sentence(message: string): string {
  const text = message.replace(/^error: /, "").replace("\n(Did", " (did").replace(/\.$/, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
