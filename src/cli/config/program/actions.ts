/** The actions of a command line: every command with its options, as commander reads them. */

import type { BackendChoice } from "../../../engine/mod.ts";
import type { Command } from "commander";
import type { DataOptions } from "../cli_context.ts";
import type { ServeOptions } from "../serve_options.ts";

export interface TokenOptions {
  readonly role: "member" | "client";
  readonly name?: string;
  readonly mayInvite?: true;
  /** False where `--no-invite` says so. */
  readonly invite: boolean;
  readonly expires?: number;
}

export interface RelayRunOptions {
  readonly bindPort?: number;
  readonly address?: string;
}

export interface RelayAddOptions {
  readonly name?: string;
}

export interface ModelsOptions {
  readonly modelsDir?: string;
  readonly all?: true;
}

export interface RemoveOptions {
  readonly modelsDir?: string;
  readonly yes?: true;
}

export interface AgentOptions {
  readonly model?: string;
  readonly address?: string;
  readonly exec?: true;
}

export interface EngineOptions {
  readonly backend?: BackendChoice;
  readonly like?: string;
  readonly from?: "release" | "debian";
  readonly binDir?: string;
}

export interface UpdateOptions {
  readonly restart: boolean;
  readonly check?: true;
  readonly rollback?: true;
  readonly to?: string;
  readonly from?: string;
}

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

/** Each is called with the options of its command. */
export interface DropOptions {
  readonly undo?: boolean;
}

export interface ModelSettingsOptions {
  readonly reset?: boolean;
}

export interface ChatOptions {
  readonly api?: string;
  readonly history: boolean;
}

export interface LogsOptions {
  readonly follow?: true;
}

export interface ServiceOptions {
  readonly system?: true;
  readonly json?: true;
}

/** Of `service install`. */
export interface ServiceInstallOptions {
  readonly user?: string;
}

export interface KeyOptions {
  readonly model?: readonly string[];
}

/** Of `join`, beside those of a node. */
export interface JoinOptions {
  readonly yes?: true;
  readonly json?: true;
}

export interface PairAcceptOptions {
  readonly role: "member" | "client";
  readonly name?: string;
  readonly mayInvite?: true;
  /** False where `--no-invite` says so. */
  readonly invite: boolean;
}

export interface Actions {
  /** `commands`: itself, and whose options it takes over. */
  serve(
    options: ServeOptions & Pick<JoinOptions, "yes">,
    operands: readonly string[],
    commands: readonly Command[],
  ): void;
  console(options: ServeOptions, commands: readonly Command[]): void;
  configShow(options: ServeOptions & DataOptions, commands: readonly Command[]): void;
  status(options: DataOptions): void;
  models(options: DataOptions & ModelsOptions): void;
  plan(model: string, options: DataOptions & ModelsOptions): void;
  download(model: string, options: DataOptions & ModelsOptions): void;
  remove(model: string, options: DataOptions & RemoveOptions): void;
  drop(model: string, options: DataOptions & DropOptions): void;
  settings(
    model: string,
    changes: readonly string[],
    options: DataOptions & ModelSettingsOptions,
  ): void;
  chat(words: readonly string[], options: DataOptions & ChatOptions): void;
  ps(options: DataOptions): void;
  serveModel(model: string | undefined, options: DataOptions): void;
  stop(options: DataOptions): void;
  logs(options: DataOptions & LogsOptions): void;
  serviceInstall(options: DataOptions & ServiceOptions & ServiceInstallOptions): void;
  serviceUninstall(options: ServiceOptions): void;
  serviceStatus(options: ServiceOptions): void;
  serviceLogs(options: ServiceOptions & LogsOptions): void;
  token(options: DataOptions & TokenOptions): void;
  doctor(options: ServeOptions & DataOptions): void;
  runAgent(agent: string, words: readonly string[], options: DataOptions & AgentOptions): void;
  licenses(options: Pick<DataOptions, "json">): void;
  completions(shell: Shell): void;
  /** The words of a command line, the last of which is to be completed. */
  complete(words: readonly string[]): void;
  keyMake(name: string, options: DataOptions & KeyOptions): void;
  keyList(options: DataOptions): void;
  keyRemove(name: string, options: DataOptions): void;
  tokenList(options: DataOptions): void;
  tokenRevoke(id: string, options: DataOptions): void;
  tokenRemove(machine: string, options: DataOptions & Pick<RemoveOptions, "yes">): void;
  relayRun(options: DataOptions & RelayRunOptions): void;
  relayClaim(options: DataOptions): void;
  relayStatus(options: DataOptions): void;
  relayAdd(claim: string, options: DataOptions & RelayAddOptions): void;
  relayList(options: DataOptions): void;
  relayRemove(id: string, options: DataOptions): void;
  join(
    mesh: string | undefined,
    options: ServeOptions & JoinOptions,
    commands: readonly Command[],
  ): void;
  pairList(options: DataOptions): void;
  pairAccept(code: string, options: DataOptions & PairAcceptOptions): void;
  pairRefuse(options: DataOptions): void;
  engineInstall(options: DataOptions & EngineOptions): void;
  engineShow(options: DataOptions & EngineOptions): void;
  update(options: DataOptions & UpdateOptions): void;
}
