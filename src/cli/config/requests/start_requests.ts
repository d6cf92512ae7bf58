import type { Command as Subcommand } from "commander";
import type { Setting } from "../../../api/mod.ts";
import { pinnedIn } from "../../../base/model_settings.ts";
import { withChanges } from "../../../node/config.ts";
import { closestName } from "../../base/closest_name.ts";
import { NothingToServeError } from "../../base/nothing_to_serve.ts";
import { UsageError } from "../../base/usage_error.ts";
import { type CliContext, configPath, dataDirOf } from "../cli_context.ts";
import type { JoinCommand } from "../command.ts";
import type { Actions, JoinOptions } from "../program/actions.ts";
import { consoleConfig, serveConfig } from "../serve_config.ts";
import type { ServeConfig } from "../serve_command.ts";
import type { ServeOptions } from "../serve_options.ts";
import { settingsOf } from "../settings.ts";
import type { Asking } from "./asking.ts";

export interface StartAsking extends Asking {
  readonly program: () => Subcommand;
  /** Sentences about config.toml. */
  readonly warnings: readonly string[];
  /** Of the node that is to start. */
  tell(settings: readonly Setting[]): void;
  /** In place of the help, where a mesh of the network is there and somebody who can be asked. */
  offer(join: JoinCommand): void;
}

/** A node that is to start, or that might. */
export function startRequests({ around, ask, program, warnings, tell, offer }: StartAsking): Pick<
  Actions,
  "serve" | "join" | "console" | "configShow" | "doctor"
> {
  const joinOf: JoinOf = (mesh, { yes = false, json = false, ...options }, commands) => {
    const config = { ...serveConfig(options, around), warnings };
    return { kind: "join", mesh, config, settings: settingsOf(config, commands), yes, json };
  };
  return {
    serve: ({ yes = false, ...options }, [word], commands) => {
      if (word !== undefined) throw noSuchCommand(word, program());
      const joins = yes && options.join === undefined && isFirstStart(options, around);
      const [config] = joins ? [] : bareCommand(options, around);
      if (config !== undefined) {
        ask(config);
        tell(settingsOf(config, commands));
      } else if (configPath(options, around) !== null) {
        const join = joinOf(null, { ...options, ...(yes && { yes }) }, commands);
        if (joins) ask(join);
        else offer(join);
      }
    },
    join: (mesh, options, commands) => {
      if (options.join !== undefined) throw new UsageError(JOIN_ALONE);
      if (options.lan === false) throw new UsageError(JOIN_WITHOUT_LAN);
      ask(joinOf(mesh ?? null, options, commands));
    },
    console: (options, commands) => {
      const config = consoleConfig(options, around);
      ask(config);
      tell(settingsOf(config, commands));
    },
    configShow: ({ json = false, ...options }, commands) =>
      ask({
        kind: "config-show",
        path: configPath(options, around) ?? "",
        settings: settingsOf(serveConfig(options, around), commands),
        warnings,
        json,
      }),
    doctor: ({ json = false, ...options }) =>
      ask({ kind: "doctor", config: { ...serveConfig(options, around), warnings }, json }),
  };
}

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

type JoinOf = (
  mesh: string | null,
  options: ServeOptions & JoinOptions,
  commands: readonly Subcommand[],
) => JoinCommand;

/** The data directory belongs to no mesh yet. */
function isFirstStart(options: ServeOptions, around: CliContext): boolean {
  return configPath(options, around) !== null &&
    around.facts.readLastStart(dataDirOf(options, around)) === undefined;
}

const JOIN_WITHOUT_LAN =
  "join looks for meshes of the local network, which --no-lan leaves alone: leave one of them out";

const JOIN_ALONE =
  "join asks a mesh of this network for an invite: leave --join out, or the word join";

/** With the one that was meant, where one is close enough. */
function noSuchCommand(word: string, program: Subcommand): UsageError {
  const names = program.createHelp().visibleCommands(program).map((command) => command.name());
  const meant = closestName(word, names);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  return new UsageError(`There is no command ${JSON.stringify(word)}${hint}`);
}
