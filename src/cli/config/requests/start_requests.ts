import type { Command as Subcommand } from "commander";
import type { Setting } from "../../../api/mod.ts";
import { pinnedIn } from "../../../base/model_settings.ts";
import { withChanges } from "../../../node/config.ts";
import { closestName } from "../../base/closest_name.ts";
import { NothingToServeError } from "../../base/nothing_to_serve.ts";
import { UsageError } from "../../base/usage_error.ts";
import { type CliContext, configPath, dataDirOf } from "../cli_context.ts";
import type { Actions } from "../program/actions.ts";
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
}

/** A node that is to start, or that might. */
export function startRequests({ around, ask, program, warnings, tell }: StartAsking): Pick<
  Actions,
  "serve" | "console" | "configShow" | "doctor"
> {
  return {
    serve: (options, [word], commands) => {
      if (word !== undefined) throw noSuchCommand(word, program());
      for (const config of bareCommand(options, around)) {
        ask(config);
        tell(settingsOf(config, commands));
      }
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

/** With the one that was meant, where one is close enough. */
function noSuchCommand(word: string, program: Subcommand): UsageError {
  const names = program.createHelp().visibleCommands(program).map((command) => command.name());
  const meant = closestName(word, names);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  return new UsageError(`There is no command ${JSON.stringify(word)}${hint}`);
}
